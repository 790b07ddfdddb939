import Foundation
import Glibc
import Synchronization

/// The worker processes of a run, each behind a proxy of its own, and what was done to them.
final class WorkerPool: Sendable {
    private struct Worker {
        var proxy: FaultProxy
        var process: ChildProcess?
        /// Counts the processes of the run, over all workers.
        var incarnation = 0
    }

    private struct State {
        var workers: [Worker] = []
        var incarnations = 0
        /// By process id: until when something was wrong that lets a lease end.
        var excusedUntil: [pid_t: ContinuousClock.Instant] = [:]
        var pids: Set<pid_t> = []
        var allExcusedUntil: ContinuousClock.Instant?
        var uncleanStops: [String] = []
        var crashes: [String] = []
    }

    private let command: [String]
    private let gate: CallGate?
    private let environments: [[String: String]]
    private let folder: String
    private let grace: Duration
    private let state: Mutex<State>

    /// - Parameters:
    ///   - command: of a worker, that passes the gate by itself if there is one.
    ///   - environments: one a proxy; the whole environment of that worker.
    init(
        command: [String], gate: CallGate?, proxies: [FaultProxy], environments: [[String: String]], folder: String,
        grace: Duration
    ) {
        self.command = command
        self.gate = gate
        self.environments = environments
        self.folder = folder
        self.grace = grace
        state = Mutex(State(workers: proxies.map { Worker(proxy: $0) }))
    }

    var count: Int { environments.count }

    func network(_ index: Int) -> FaultProxy { state.withLock { $0.workers[index].proxy } }

    func start(_ index: Int) throws(TortureError) {
        let incarnation = state.withLock { state in
            state.incarnations += 1
            return state.incarnations
        }
        network(index).belongs(to: incarnation)
        let socket = try gate?.socket(for: index)
        defer { if let socket { close(socket) } }
        let process = try ChildProcess(
            command, environment: environments[index], log: "\(folder)/worker-\(index + 1).log", socket: socket)
        state.withLock { state in
            state.workers[index].process = process
            state.workers[index].incarnation = incarnation
            state.pids.insert(process.pid)
        }
    }

    func current(_ index: Int) -> (process: ChildProcess, incarnation: Int)? {
        state.withLock { state in
            let worker = state.workers[index]
            return worker.process.map { ($0, worker.incarnation) }
        }
    }

    /// SIGKILL, and waits for the end.
    func kill(_ index: Int) async {
        guard let process = take(index) else { return }
        excuse(process, until: .now)
        process.signal(SIGKILL)
        _ = await process.end(within: .seconds(5))
        hasEnded(process)
        // What is cut off from a dead process must not arrive later.
        network(index).cut()
    }

    /// SIGTERM, and waits for the end: its exit status must be 0.
    func terminate(_ index: Int) async {
        guard let process = take(index) else { return }
        excuse(process, until: .now + grace)
        let age = ContinuousClock.now - process.startedAt
        process.signal(SIGTERM)
        let status = await process.end(within: grace + .seconds(10))
        hasEnded(process)
        guard status != 0 else { return }
        let end =
            "worker \(index + 1), asked to stop \(Int(age / .milliseconds(1))) ms after its start, "
            + "ended with status \(status)"
        // One of which SIGTERM made short work was still starting; one that took too long was killed here.
        let isCrash = status > 128 && ![SIGTERM, SIGKILL].contains(status - 128)
        state.withLock { if isCrash { $0.crashes.append(end) } else { $0.uncleanStops.append(end) } }
    }

    /// The process, which from now on is not expected to run.
    private func take(_ index: Int) -> ChildProcess? { state.withLock { $0.workers[index].process.take() } }

    private func hasEnded(_ process: ChildProcess) {
        WorkerClocks.forget(process.pid)
        excuse(process, until: .now)
    }

    /// Starts again what has ended without being asked to.
    func restartFallen() throws(TortureError) {
        for index in 0..<count {
            guard let (process, _) = current(index), let status = process.exitStatus() else { continue }
            state.withLock { $0.crashes.append("worker \(index + 1) ended by itself with status \(status)") }
            hasEnded(process)
            try start(index)
        }
    }

    /// From now until then, the worker may rightly be taken for lost.
    func excuse(_ process: ChildProcess, until instant: ContinuousClock.Instant) {
        state.withLock { state in
            state.excusedUntil[process.pid] = max(instant, state.excusedUntil[process.pid] ?? instant)
        }
    }

    func excuseAll(until instant: ContinuousClock.Instant) {
        state.withLock { state in state.allExcusedUntil = max(instant, state.allExcusedUntil ?? instant) }
    }

    /// Whether the process is ours and nothing was done to it, within `reach`, that could end its lease.
    func wasLeftAlone(_ pid: pid_t, reach: Duration) -> Bool {
        state.withLock { state in
            let limit = ContinuousClock.now - reach
            guard state.pids.contains(pid) else { return false }
            return [state.excusedUntil[pid], state.allExcusedUntil].compactMap { $0 }.allSatisfy { $0 < limit }
        }
    }

    var uncleanStops: [String] { state.withLock { $0.uncleanStops } }
    var crashes: [String] { state.withLock { $0.crashes } }

    /// Ends all processes and proxies, whatever state they are in.
    func stop() async {
        for index in 0..<count {
            current(index)?.process.signal(SIGCONT)
            network(index).heal()
        }
        for index in 0..<count where current(index)?.process.exitStatus() == nil { await terminate(index) }
        for index in 0..<count { network(index).close() }
    }
}
