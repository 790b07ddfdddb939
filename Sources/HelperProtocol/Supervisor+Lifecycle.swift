internal import Glibc
internal import Model
internal import Synchronization

extension Supervisor {
    var pid: Int32? { state.withLock { $0.process?.pid } }

    var isRunning: Bool {
        state.withLock { $0.end == nil && !$0.isKilled && $0.killDeadline == nil && $0.facts != nil }
    }

    /// Resumes `waiter` when the helper is ready, or will never be.
    func awaitGreeting(_ waiter: CheckedContinuation<Result<JSONValue, HelperFailure>, Never>) {
        let known = state.withLock { state -> Result<JSONValue, HelperFailure>? in
            if let end = state.end { return .failure(end.failureToStart) }
            if let facts = state.facts { return .success(facts) }
            state.starters.append(waiter)
            return nil
        }
        if let known { waiter.resume(returning: known) }
    }

    /// Closes our direction of the socket: the helper reads the end, finishes what it has, and ends.
    func stop(grace: Duration) {
        state.withLock { state in
            guard state.end == nil, let process = state.process else { return }
            if state.blame == nil { state.blame = .stopped }
            let deadline = ContinuousClock.now + grace
            state.killDeadline = min(state.killDeadline ?? deadline, deadline)
            shutdown(process.socket, Int32(SHUT_WR))
        }
        wake()
    }

    func waitForEnd() async {
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                if state.end == nil { state.mourners.append(waiter) }
                return state.end != nil
            }
            if isOver { waiter.resume() }
        }
    }
}
