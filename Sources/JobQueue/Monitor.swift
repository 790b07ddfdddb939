internal import Glibc
internal import Redis

/// State shared by a few OS threads, which may wait for it to change.
final class Monitor<State>: @unchecked Sendable {  // the state is only touched while the mutex is held
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State
    private let bell = WakePipe()
    /// The thread that waits for something else as well.
    private var napper: pthread_t?

    init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func withLock<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Changes the state and wakes those who wait.
    func update<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        pthread_mutex_lock(mutex)
        defer {
            // What the napping thread changes itself, it looks at afterwards anyway.
            let rings = napper.map { $0 != pthread_self() } ?? false
            if rings { napper = nil }
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
            if rings { bell.signal() }
        }
        return try body(&state)
    }

    /// As ``wait(for:)``, for the one thread that has something else to wait for as well.
    ///
    /// - Parameter nap: called without the lock; returns at the given time or when the descriptor is readable, at latest.
    func wait<Value>(
        napping nap: (_ bell: Int32, _ until: ContinuousClock.Instant) -> Void,
        for body: (inout State) -> (Value?, ContinuousClock.Instant)
    ) -> Value {
        while true {
            pthread_mutex_lock(mutex)
            let (value, until) = body(&state)
            napper = value == nil ? pthread_self() : nil
            pthread_mutex_unlock(mutex)
            if let value { return value }
            nap(bell.input, until)
            let isRung = withLock { _ in
                defer { napper = nil }
                return napper == nil
            }
            if isRung { bell.clear() }
        }
    }

    /// Waits until `body` gives a value; with nil it says until when to sleep at most before it is asked again.
    func wait<Value>(for body: (inout State) -> (Value?, ContinuousClock.Instant)) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            let (value, until) = body(&state)
            if let value { return value }
            sleep(until: until)
        }
    }

    private func sleep(until instant: ContinuousClock.Instant) {
        let pause = instant - .now
        guard pause > .zero else { return }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let (seconds, attoseconds) = pause.components
        time.tv_sec += Int(seconds)
        time.tv_nsec += Int(attoseconds / 1_000_000_000)
        if time.tv_nsec >= 1_000_000_000 {
            time.tv_sec += 1
            time.tv_nsec -= 1_000_000_000
        }
        pthread_cond_timedwait(changed, mutex, &time)
    }
}

extension Monitor where State == Bool {
    /// Sleeps until the flag is set, at most `limit`. Returns the flag.
    func waitUntilSet(atMost limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        return wait { flag in (flag || ContinuousClock.now >= deadline ? flag : nil, deadline) }
    }
}
