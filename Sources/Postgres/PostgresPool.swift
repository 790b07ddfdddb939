import Glibc

/// A few connections, each on a thread of its own, shared by any number of tasks.
///
/// Calls wait for a free connection in the order they came. A connection that broke is opened again at its next use,
/// so a restarted server needs nothing from the caller.
public final class PostgresPool: Sendable {
    private let calls: CallQueue
    private let options: PostgresOptions
    private let waitLimit: Duration

    /// Starts the threads; connections are made at first use.
    ///
    /// - Parameters:
    ///   - connections: 1…: how many statements may run at once.
    ///   - waitLimit: how long a call waits for a free connection.
    public init(_ options: PostgresOptions, connections: Int = 4, waitLimit: Duration = .seconds(10)) {
        self.options = options
        self.waitLimit = waitLimit
        calls = CallQueue(threads: max(1, connections))
        let queue = calls
        for _ in 0..<max(1, connections) {
            startThread { PostgresPool.serve(queue, options) }
        }
        startThread { queue.refuseOverdue() }
    }

    deinit { calls.close() }

    /// Lends a connection. `body` runs on the connection's thread and may block.
    ///
    /// - Throws: what `body` throws, ``PostgresError`` when no connection could be had, or `CancellationError` when the
    ///   task was cancelled before `body` began.
    public func withConnection<T: Sendable>(
        _ body: @escaping @Sendable (inout PostgresConnection) throws -> T
    ) async throws -> T {
        try await onConnection { connection, options in
            try PostgresPool.connect(&connection, options)
            guard var session = connection.take() else { throw PostgresError(.connectionLost, "no connection") }
            let result = Result { try body(&session) }
            if session.isUsable { connection = consume session }
            return try result.get()
        }
    }

    /// Runs `body` between BEGIN and COMMIT; when it throws, everything is rolled back.
    ///
    /// `body` runs again, at most `maxTransactionAttempts` times in all, when it collided with another transaction or
    /// the connection broke before COMMIT, so it must have no effect outside the database.
    ///
    /// - Throws: what `body` throws; ``PostgresError`` `.connectionLost` also when the connection broke at COMMIT and
    ///   nobody knows whether it took place.
    public func transaction<T: Sendable>(
        _ isolation: Isolation = .readCommitted, _ body: @escaping @Sendable (inout Transaction) throws -> T
    ) async throws -> T {
        try await onConnection { connection, options in
            var attempt = 1
            while true {
                try PostgresPool.connect(&connection, options)
                switch try PostgresConnection.attempt(on: &connection, isolation, body) {
                case .finished(let value): return value
                case .again(let failure):
                    guard attempt < options.maxTransactionAttempts else { throw failure }
                    // Full jitter keeps two colliding transactions from meeting again.
                    let ceilingUs = UInt32(2_000) << UInt32(min(attempt, 6))
                    usleep(UInt32.random(in: 0...ceilingUs))
                    attempt += 1
                }
            }
        }
    }

    /// Refuses new calls, lets running ones end, closes the connections.
    public func close() async {
        calls.close()
        await withCheckedContinuation { calls.whenDrained($0) }
    }

    private func onConnection<T: Sendable>(
        _ body: @escaping @Sendable (inout PostgresConnection?, PostgresOptions) throws -> T
    ) async throws -> T {
        let call = PendingCall(deadline: .now + waitLimit)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
                call.prepare(
                    run: { [options] connection in
                        continuation.resume(with: Result { try body(&connection, options) })
                    },
                    refuse: { continuation.resume(throwing: $0) })
                calls.append(call)
            }
        } onCancel: {
            calls.withdraw(call)
        }
    }

    private static func connect(
        _ connection: inout PostgresConnection?, _ options: PostgresOptions
    ) throws(PostgresError) {
        if var session = connection.take(), !session.wasClosedWhileIdle() {
            connection = consume session
            return
        }
        connection = try PostgresConnection.open(options)
    }

    private static func serve(_ calls: CallQueue, _ options: PostgresOptions) {
        var connection: PostgresConnection?
        while let call = calls.next() { call.run(on: &connection) }
        connection = nil
        calls.threadEnded()
    }
}
