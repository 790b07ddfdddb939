import Foundation
import Glibc

/// Workers that are killed, stopped, and asked to end.
extension FaultMaker {
    func kill(_ index: Int, _ down: Duration) async throws -> Bool {
        guard let (process, incarnation) = pool.current(index) else { return false }
        let worker = await watch.worker(of: process.pid)
        let instant = ContinuousClock.now
        await pool.kill(index)
        if let worker { ledger.orphaned(await watch.held(by: worker), by: incarnation, at: instant) }
        await pause(down)
        try pool.start(index)
        return true
    }

    /// - Parameter excused: whether it is long enough for the lease to end.
    func stop(_ index: Int, _ length: Duration, excused: Bool) async -> Bool {
        guard let (process, _) = pool.current(index) else { return false }
        if excused { pool.excuse(process, until: .now + length) }
        guard process.signal(SIGSTOP) else { return false }
        await pause(length)
        process.signal(SIGCONT)
        if excused { pool.excuse(process, until: .now) }
        return true
    }

    func terminate(_ index: Int, _ down: Duration) async throws -> Bool {
        guard pool.current(index) != nil else { return false }
        await pool.terminate(index)
        await pause(down)
        try pool.start(index)
        return true
    }
}
