internal import Glibc
internal import Synchronization

/// An actor's own OS thread, where blocking calls are plain calls.
final class ThreadExecutor: SerialExecutor {
    private struct Work: ~Copyable {
        var jobs: [UnownedJob] = []
        var stopped = false
    }
    private let work = Mutex(Work())
    private let wake: WakeUp

    init(name: String) {
        let wake = WakeUp()
        self.wake = wake
        startThread(name: name) { [weak self] in
            while true {
                wake.wait()
                guard let self else { return }
                if self.drain() { return }
            }
        }
    }

    deinit { wake.signal() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        work.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    private func drain() -> Bool {
        while true {
            let jobs = work.withLock { work in
                defer { work.jobs = [] }
                return work.jobs
            }
            if jobs.isEmpty { return false }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }
}

/// A counting semaphore.
final class WakeUp: @unchecked Sendable {  // sem_t is made for use by several threads; its memory never moves
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}
