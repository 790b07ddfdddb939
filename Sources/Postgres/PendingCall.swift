import Synchronization

/// A call that waits for a connection. Exactly one of `run` and `refuse` is used, once.
final class PendingCall: Sendable {
    private struct Ends {
        var run: @Sendable (inout PostgresConnection?) -> Void
        var refuse: @Sendable (any Error) -> Void
    }

    private enum State {
        case new
        case ready(Ends)
        case withdrawn
        case used
    }

    let deadline: ContinuousClock.Instant
    private let state = Mutex(State.new)

    init(deadline: ContinuousClock.Instant) { self.deadline = deadline }

    /// A task cancelled before this point is refused here.
    func prepare(
        run: @escaping @Sendable (inout PostgresConnection?) -> Void,
        refuse: @escaping @Sendable (any Error) -> Void
    ) {
        let isWithdrawn = state.withLock { state in
            if case .withdrawn = state { return true }
            state = .ready(Ends(run: run, refuse: refuse))
            return false
        }
        if isWithdrawn { refuse(CancellationError()) }
    }

    func run(on connection: inout PostgresConnection?) { take()?.run(&connection) }

    /// No effect when the call has begun or was refused before.
    func refuse(_ error: any Error) { take()?.refuse(error) }

    func withdraw() {
        let ends = state.withLock { state -> Ends? in
            switch state {
            case .new:
                state = .withdrawn
                return nil
            case .ready(let ends):
                state = .used
                return ends
            case .withdrawn, .used: return nil
            }
        }
        ends?.refuse(CancellationError())
    }

    private func take() -> Ends? {
        state.withLock { state in
            guard case .ready(let ends) = state else { return nil }
            state = .used
            return ends
        }
    }
}
