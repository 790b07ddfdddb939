internal import CSandbox
internal import Foundation
internal import Glibc
internal import Model
internal import Synchronization

/// One helper's life on the coordinator's side: a thread of its own that starts the process, reads its answers, sees
/// its death at once, and kills what runs out of time.
///
/// Callers register a request under the lock and send it from their own thread; the helper's thread resumes them. That
/// thread outlives the process, since the kernel's death-with-parent watches it.
final class Supervisor: Sendable {
    typealias Instant = ContinuousClock.Instant
    typealias Outcome = Result<Reply, HelperFailure>

    struct Reply: Sendable {
        var json: [UInt8]
        var peakBytes: Int64
        var residentBytes: Int64
    }

    struct Pending {
        var deadline: Instant
        var timeout: Duration
        var onProgress: (@Sendable (HelperProgress) -> Void)?
        var nextProgress: Instant
        var waiter: CheckedContinuation<Outcome, Never>
    }

    struct Outgoing {
        var id: UInt64
        var bytes: [UInt8]
        /// How many of them the socket has taken.
        var sent = 0
        /// Own duplicates: the caller may have gone before they are sent.
        var descriptors: [Int32]
    }

    struct State {
        var process: Spawned?
        var facts: JSONValue?
        var startDeadline: Instant
        var killDeadline: Instant?
        var end: HelperEnd?
        var blame: Blame?
        var pending: [UInt64: Pending] = [:]
        /// Requests that the helper still works on although nobody waits any more, with the time it may take.
        var abandoned: [UInt64: Instant] = [:]
        var outgoing: [Outgoing] = []
        var starters: [CheckedContinuation<Result<JSONValue, HelperFailure>, Never>] = []
        var mourners: [CheckedContinuation<Void, Never>] = []
        /// When the thread looks at the state at the latest.
        var nextWake: Instant
        var isKilled = false
        var answered = 0
    }

    let launch: HelperLaunch
    let state: Mutex<State>
    /// An eventfd: written to make the thread look at the state again.
    private let wakeUp: Int32

    init(_ launch: HelperLaunch) {
        self.launch = launch
        let now = ContinuousClock.now
        state = Mutex(State(startDeadline: now + launch.startTimeout, nextWake: now))
        wakeUp = csb_eventfd()
        let thread = Thread {
            Thread.current.name = "helper"
            self.live()
        }
        thread.stackSize = 512 * 1_024
        thread.start()
    }

    deinit { close(wakeUp) }

    func wake() {
        var one: UInt64 = 1
        _ = write(wakeUp, &one, 8)
    }

    /// Kills the helper, once; the first reason counts.
    func kill(_ blame: Blame) {
        state.withLock { kill(blame, &$0) }
    }

    func kill(_ blame: Blame, _ state: inout State) {
        guard state.end == nil else { return }
        if state.blame == nil || state.blame == .stopped { state.blame = blame }
        state.isKilled = true
        if let process = state.process { _ = csb_pidfd_kill(process.pidfd, SIGKILL) }
    }

    // MARK: - The thread

    private func live() {
        let killsBefore = MemoryProbe.outOfMemoryKills()
        let process: Spawned
        do throws(HelperFailure) {
            process = try Spawned.start(launch)
        } catch {
            return finish(
                HelperEnd(status: 0, blame: .notReady(reason(error)), stderrTail: "", outOfMemoryKill: false))
        }
        let killedEarly = state.withLock { state in
            state.process = process
            return state.isKilled
        }
        if killedEarly { _ = csb_pidfd_kill(process.pidfd, SIGKILL) }
        let probe = MemoryProbe(pid: process.pid)
        var reader = FrameReader()
        var tail = StderrTail()
        var socketIsOpen = true
        var stderrIsOpen = true
        while true {
            let (timeoutMs, wantsToWrite) = prepareToSleep()
            var watched = [
                pollfd(fd: process.pidfd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
                pollfd(
                    fd: socketIsOpen ? process.socket : -1,
                    events: Int16(POLLIN) | (wantsToWrite ? Int16(POLLOUT) : 0), revents: 0),
                pollfd(fd: stderrIsOpen ? process.stderrPipe : -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&watched, 4, timeoutMs)
            if watched[1].revents != 0 {
                var count: UInt64 = 0
                _ = read(wakeUp, &count, 8)
            }
            if watched[3].revents != 0 { stderrIsOpen = tail.drain(process.stderrPipe) }
            if watched[2].revents != 0 || watched[0].revents != 0, socketIsOpen {
                socketIsOpen = receive(from: process.socket, &reader, probe, untilEmpty: watched[0].revents != 0)
                if !socketIsOpen { expectDeath() }
            }
            if watched[2].revents & Int16(POLLOUT) != 0 { state.withLock { flush(&$0) } }
            if watched[0].revents != 0 {
                _ = stderrIsOpen && tail.drain(process.stderrPipe)
                bury(process, tail, probe, outOfMemoryKill: MemoryProbe.outOfMemoryKills() > killsBefore)
                return
            }
            expireDeadlines()
        }
    }

    private func reason(_ failure: HelperFailure) -> String {
        if case .notStarted(let reason, _) = failure { reason } else { failure.description }
    }

    private func prepareToSleep() -> (timeoutMs: Int32, wantsToWrite: Bool) {
        state.withLock { state in
            let now = ContinuousClock.now
            var next = now + .seconds(1)
            if !state.isKilled {
                if state.facts == nil { next = min(next, state.startDeadline) }
                if let deadline = state.killDeadline { next = min(next, deadline) }
                for pending in state.pending.values { next = min(next, pending.deadline) }
                for deadline in state.abandoned.values { next = min(next, deadline) }
            }
            state.nextWake = next
            let milliseconds = (next - now) / .milliseconds(1)
            return (Int32(max(0, milliseconds.rounded(.up))), !state.outgoing.isEmpty)
        }
    }

    private func expireDeadlines() {
        let late = state.withLock { state -> [(waiter: CheckedContinuation<Outcome, Never>, timeout: Duration)] in
            guard !state.isKilled else { return [] }
            let now = ContinuousClock.now
            if state.facts == nil, state.startDeadline <= now {
                kill(.notReady("\(launch.executable) was not ready after \(launch.startTimeout)"), &state)
            }
            if let deadline = state.killDeadline, deadline <= now { kill(state.blame ?? .stopped, &state) }
            for (id, deadline) in state.abandoned where deadline <= now { kill(.cancelled(id), &state) }
            var late: [(CheckedContinuation<Outcome, Never>, Duration)] = []
            for (id, pending) in state.pending where pending.deadline <= now {
                // With .tell the caller hears at once; with .kill from `bury`, when CPU and memory are free.
                if case .kill = launch.interruption {
                    kill(.timedOut(id, after: pending.timeout), &state)
                } else if let waiter = abandon(id, &state) {
                    late.append((waiter, pending.timeout))
                }
            }
            return late
        }
        for (waiter, timeout) in late { waiter.resume(returning: .failure(.timedOut(after: timeout))) }
    }

    /// The helper closed its socket: it ends now, or it is made to.
    private func expectDeath() {
        state.withLock { state in
            if state.killDeadline == nil { state.killDeadline = ContinuousClock.now + .seconds(2) }
        }
    }
}
