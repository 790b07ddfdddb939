import Foundation

/// The threads that job handlers run on: as many as the worker has slots, one job a thread, so that a handler may
/// call blocking code plainly without starving the cooperative pool.
///
/// Child tasks inherit it; a heartbeat or a timer must not run here.
public final class JobThreads: TaskExecutor {
    private let queue: WorkQueue

    /// - Parameter count: 1 or more.
    public init(count: Int, name: String) {
        let queue = WorkQueue()
        self.queue = queue
        for index in 0..<max(1, count) {
            Self.start(named: "\(name)-\(index)", running: queue)
        }
    }

    deinit { queue.close() }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.append { job.runSynchronously(on: executor) }
    }

    /// The first job that `body` enqueues from this thread, which the caller has to run. One thread at a time may ask.
    func keepingFirst(_ body: () -> Void) -> (@Sendable () -> Void)? { queue.keepingFirst(body) }

    private static func start(named name: String, running queue: WorkQueue) {
        let thread = Thread {
            // Set from within: Foundation on Linux passes a name set before on to nobody.
            Thread.current.name = name
            while let work = queue.next() { work() }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
}

/// A first-in first-out list of closures that threads wait on.
// Sound: the variables are touched only with `lock` held; the two C objects stay at their allocated address.
private final class WorkQueue: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var items: [@Sendable () -> Void] = []
    private var head = 0
    private var isClosed = false
    private var keeper: pthread_t?
    private var kept: (@Sendable () -> Void)?

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    func append(_ work: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(lock)
        let isKept = kept == nil && keeper == pthread_self()
        if isKept { kept = work } else { items.append(work) }
        pthread_mutex_unlock(lock)
        if isKept { return }
        // After the unlock: else the thread wakes only to wait for the lock.
        pthread_cond_signal(changed)
    }

    func keepingFirst(_ body: () -> Void) -> (@Sendable () -> Void)? {
        pthread_mutex_lock(lock)
        keeper = pthread_self()
        pthread_mutex_unlock(lock)
        body()
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        keeper = nil
        defer { kept = nil }
        return kept
    }

    func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    /// The next closure; waits for one. Nil once closed and empty.
    func next() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while head == items.count {
            if isClosed { return nil }
            pthread_cond_wait(changed, lock)
        }
        let work = items[head]
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        }
        return work
    }
}
