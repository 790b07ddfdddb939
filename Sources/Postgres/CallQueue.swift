import Glibc

/// The calls that wait, first in first out, between tasks and connection threads.
///
/// `@unchecked Sendable`: every field below is touched only between `lock()` and `unlock()`; mutex and conditions stand
/// in allocated memory, as pthreads demand a fixed address.
final class CallQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let workArrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let deadlineArrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [PendingCall] = []
    private var head = 0
    private var isClosed = false
    private var liveThreads: Int
    private var drained: [CheckedContinuation<Void, Never>] = []

    init(threads: Int) {
        liveThreads = threads
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(workArrived, nil)
        // A wall clock that is set must not move deadlines.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(deadlineArrived, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(workArrived)
        pthread_cond_destroy(deadlineArrived)
        pthread_mutex_destroy(mutex)
        workArrived.deallocate()
        deadlineArrived.deallocate()
        mutex.deallocate()
    }

    func append(_ call: PendingCall) {
        pthread_mutex_lock(mutex)
        let isRefused = isClosed
        if !isRefused {
            waiting.append(call)
            pthread_cond_signal(workArrived)
            if waiting.count - head == 1 { pthread_cond_signal(deadlineArrived) }
        }
        pthread_mutex_unlock(mutex)
        if isRefused { call.refuse(PostgresError(.closed, "the connection pool is closed")) }
    }

    /// The next call, waiting for one; nil after ``close()``.
    func next() -> PendingCall? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while head == waiting.count {
            if isClosed { return nil }
            pthread_cond_wait(workArrived, mutex)
        }
        return popFirst()
    }

    /// Refuses calls whose wait limit has passed; returns after ``close()``.
    func refuseOverdue() {
        pthread_mutex_lock(mutex)
        while !isClosed {
            guard head < waiting.count else {
                pthread_cond_wait(deadlineArrived, mutex)
                continue
            }
            // All calls of a pool have the same limit, so the first one is due first.
            let left = waiting[head].deadline - .now
            guard left <= .zero else {
                var until = timespec()
                clock_gettime(CLOCK_MONOTONIC, &until)
                let (seconds, attoseconds) = left.components
                let nanoseconds = until.tv_nsec + Int(attoseconds / 1_000_000_000)
                until.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
                until.tv_nsec = nanoseconds % 1_000_000_000
                pthread_cond_timedwait(deadlineArrived, mutex, &until)
                continue
            }
            let call = popFirst()
            pthread_mutex_unlock(mutex)
            call.refuse(PostgresError(.noFreeConnection, "all database connections stayed busy for the wait limit"))
            pthread_mutex_lock(mutex)
        }
        pthread_mutex_unlock(mutex)
    }

    /// Ends a call early that has not begun. It stays in the line, and is passed over when its turn comes.
    func withdraw(_ call: PendingCall) { call.withdraw() }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(workArrived)
        pthread_cond_broadcast(deadlineArrived)
        pthread_mutex_unlock(mutex)
    }

    func threadEnded() {
        pthread_mutex_lock(mutex)
        liveThreads -= 1
        let continuations = liveThreads == 0 ? drained : []
        if liveThreads == 0 { drained = [] }
        pthread_mutex_unlock(mutex)
        continuations.forEach { $0.resume() }
    }

    func whenDrained(_ continuation: CheckedContinuation<Void, Never>) {
        pthread_mutex_lock(mutex)
        let isDrained = liveThreads == 0
        if !isDrained { drained.append(continuation) }
        pthread_mutex_unlock(mutex)
        if isDrained { continuation.resume() }
    }

    private func popFirst() -> PendingCall {
        let call = waiting[head]
        head += 1
        if head == waiting.count || head > 1_024 {
            waiting.removeFirst(head)
            head = 0
        }
        return call
    }
}

/// Runs `body` on a new detached pthread.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let start = Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let failure = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, start.toOpaque())
    precondition(failure == 0, "the system has no thread left for a database connection")
    pthread_detach(thread)
}
