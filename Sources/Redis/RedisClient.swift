internal import Synchronization

/// The door for asynchronous code: a few connections, each on an OS thread of its own, that mend themselves.
///
/// While the server is away commands fail at once with the reason; a new connection is tried at most twice a second
/// and the first command after the server is back goes through.
public final class RedisClient: Sendable {
    public let url: RedisURL
    private let lanes: [RedisLane]
    private let inFlight: Mutex<[Int]>

    /// - Parameters:
    ///   - name: shown by `CLIENT LIST`.
    ///   - lanes: 1…64 connections; commands go to the least busy one, so order holds only when they are awaited.
    public init(_ url: RedisURL, name: String, lanes: Int = 2, timeouts: RedisTimeouts = RedisTimeouts()) {
        self.url = url
        let count = min(max(lanes, 1), 64)
        self.lanes = (0..<count).map { _ in RedisLane(url: url, name: name, timeouts: timeouts) }
        inFlight = Mutex([Int](repeating: 0, count: count))
    }

    /// Sends one command.
    ///
    /// A command that a server refuses because it is another server's (after a failover, or when a slot has moved) is
    /// sent once more on a new connection.
    ///
    /// - Parameter idempotent: the same when the connection turns out to be broken. Say so only where running twice is
    ///   the same as running once.
    @discardableResult
    public func send(_ arguments: [RedisArgument], idempotent: Bool = false) async throws(RedisError) -> RedisValue {
        let index = begin()
        defer { end(index) }
        return try await lanes[index].send(arguments, idempotent: idempotent)
    }

    /// Sends commands in one write; one reply each, error replies in the array.
    ///
    /// Where a server refuses all of them because they are another server's, or some and all are idempotent, they are sent
    /// once more on a new connection; refused once more, that is the error.
    public func pipeline(
        _ commands: CommandBuffer, idempotent: Bool = false
    ) async throws(RedisError) -> [RedisValue] {
        if commands.isEmpty { return [] }
        let index = begin()
        defer { end(index) }
        return try await lanes[index].pipeline(commands, idempotent: idempotent)
    }

    /// Runs a script; see ``RedisConnection/run(_:keys:_:)``.
    public func run(
        _ script: Script, keys: [RedisArgument], _ arguments: [RedisArgument] = [], idempotent: Bool = false
    ) async throws(RedisError) -> RedisValue {
        let index = begin()
        defer { end(index) }
        return try await lanes[index].run(script, keys: keys, arguments: arguments, idempotent: idempotent)
    }

    /// Closes the connections; later commands fail with `.closed`.
    public func close() async {
        for lane in lanes { await lane.close() }
    }

    private func begin() -> Int {
        inFlight.withLock { counts in
            var best = 0
            for index in counts.indices where counts[index] < counts[best] { best = index }
            counts[best] += 1
            return best
        }
    }

    private func end(_ index: Int) { inFlight.withLock { $0[index] -= 1 } }
}
