import Catalog
import JobQueue
import Logging
import Model
import Observability
import Postgres
import Redis
import TestServers
import Worker

/// A queue with a worker that needs no record.
func withLoneWorker(
    slots: Int = 2, _ handlers: @Sendable (JobQueue) -> [any JobHandler] = { [EchoHandler(queue: $0)] },
    _ body: @Sendable (JobQueue) async throws -> Void
) async throws {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    // Never connected to: the jobs are not recorded.
    let pool = PostgresPool(PostgresOptions(url: "postgresql://127.0.0.1:9/none"), connections: 1)
    var settings = QueueSettings()
    settings.namespace = "lone-\(UInt32.random(in: 0...UInt32.max))"
    settings.backoff = Backoff(base: .milliseconds(10), cap: .milliseconds(40))
    var url = try RedisURL(RedisServer.shared.get().url)
    url.tag = settings.namespace
    let queue = JobQueue(client: RedisClient(url, name: "test"), settings: settings)
    let runtime = WorkerRuntime(
        WorkerRole(queue: .export, handlers: handlers(queue)), slots: slots,
        WorkerRuntime.Environment(
            redisURL: url, settings: settings, catalog: Catalog(pool: pool, logger: logger), metrics: Metrics(),
            logger: logger, endedUnrun: { _, _, _ in }))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await runtime.run() }
        do { try await body(queue) } catch {
            await runtime.stop(grace: .zero)
            throw error
        }
        await runtime.stop(grace: .zero)
    }
}
