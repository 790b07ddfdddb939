import Catalog
import JobQueue
import Logging
import Model
import Observability
import Pipeline
import Recipes
import Redis
import TestServers
import Worker

extension LiveFleet {
    /// A worker of the queue `export` in this process, which knows `echo`, for as long as `body` runs.
    func withWorker(_ body: @Sendable () async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let unrun = UnrunJobs(
            catalog: catalog, queue: queue, recipes: try RecipeBook.load(Repository.root + "/jobs"), logger: logger)
        let runtime = WorkerRuntime(
            WorkerRole(queue: .export, handlers: [EchoHandler(queue: queue)]), slots: 4,
            WorkerRuntime.Environment(
                redisURL: try RedisURL(redis.url), settings: QueueSettings(), catalog: catalog, metrics: Metrics(),
                logger: logger, endedUnrun: { await unrun.ended($0, $1, $2) }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runtime.run() }
            let result = await Result { try await body() }
            await runtime.stop(grace: .zero)
            try result.get()
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
