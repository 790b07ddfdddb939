import Dispatch
import Postgres
import Synchronization
import TestServers

/// A fresh database of the shared server and its pool.
func withDatabase<T: Sendable>(
    connections: Int = 4, waitLimit: Duration = .seconds(60),
    options change: (inout PostgresOptions) -> Void = { _ in },
    _ body: @Sendable (PostgresPool) async throws -> T
) async throws -> T {
    var options = PostgresOptions(url: try PostgresServer.shared.get().makeDatabase())
    change(&options)
    let pool = PostgresPool(options, connections: connections, waitLimit: waitLimit)
    let result: Result<T, any Error>
    do { result = .success(try await body(pool)) } catch { result = .failure(error) }
    await pool.close()
    return try result.get()
}

/// The kind of the ``PostgresError`` that `body` throws, or nil.
func kindOfFailure(_ body: () async throws -> Void) async -> PostgresError.Kind? {
    do {
        try await body()
        return nil
    } catch { return (error as? PostgresError)?.kind }
}

/// Counts across threads.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    @discardableResult func increment() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }
}

/// Keeps a connection's thread busy until it is opened.
final class Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    private let reached = AsyncStream<Void>.makeStream()

    func hold() {
        reached.continuation.finish()
        opened.wait()
    }

    func whenReached() async { for await _ in reached.stream {} }

    func open() { opened.signal() }
}
