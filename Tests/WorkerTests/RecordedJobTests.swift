import Catalog
import JobQueue
import Logging
import Model
import Observability
import Postgres
import Redis
import TestServers
import Testing
import Worker

/// Single jobs that PostgreSQL knows, stopped from outside while they run.
@Suite struct RecordedJobTests {
    private func withWorker(
        on redis: RedisServer, _ body: @Sendable (JobQueue, Catalog) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let database = try PostgresServer.shared.get().makeDatabase()
        let catalog = Catalog(pool: PostgresPool(PostgresOptions(url: database), connections: 2), logger: logger)
        try await catalog.migrate()
        let url = try RedisURL(redis.url)
        let queue = JobQueue(client: RedisClient(url, name: "test"))
        let runtime = WorkerRuntime(
            WorkerRole(queue: .export, handlers: [EchoHandler(queue: queue)]), slots: 2,
            WorkerRuntime.Environment(
                redisURL: url, settings: QueueSettings(), catalog: catalog, metrics: Metrics(), logger: logger,
                endedUnrun: { _, _, _ in }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runtime.run() }
            try await body(queue, catalog)
            await runtime.stop(grace: .zero)
        }
    }

    private func accept(_ envelope: JobEnvelope, _ queue: JobQueue, _ catalog: Catalog) async throws {
        try await catalog.recordJobs([QueuedJob(queue: .export, envelope: envelope)])
        _ = try await queue.enqueue([envelope], on: .export)
    }

    @Test("A job that runs too long dies with its last attempt, also in the record") func timeout() async throws {
        try await withWorker(on: try RedisServer()) { queue, catalog in
            let job = JobEnvelope(
                kind: "echo", payload: ["sleep_ms": 60_000], maxAttempts: 1, timeoutMs: 200, isRecorded: true)
            try await accept(job, queue, catalog)
            try await eventually("the job is dead") { try await catalog.job(job.id, tenant: nil).state == .dead }
            #expect(try await catalog.job(job.id, tenant: nil).error?.code == "timed_out")
            try await eventually("the queue knows") { try await queue.state(of: job.id)?.state == .dead }
        }
    }

    @Test("A job that is cancelled while it runs ends at once, also in the record") func cancelled() async throws {
        try await withWorker(on: try RedisServer()) { queue, catalog in
            let job = JobEnvelope(kind: "echo", payload: ["sleep_ms": 60_000], isRecorded: true)
            try await accept(job, queue, catalog)
            try await eventually("the job runs") { try await queue.state(of: job.id)?.state == .running }
            try await queue.cancel([job.id])
            try await eventually("it is cancelled", within: .milliseconds(1_200)) {
                try await catalog.job(job.id, tenant: nil).state == .cancelled
            }
            try await eventually("the queue knows") { try await queue.state(of: job.id)?.state == .cancelled }
        }
    }

    @Test("A job whose end is recorded is not run again", arguments: [JobState.cancelled, .done])
    func over(state: JobState) async throws {
        let redis = try RedisServer()
        try await withWorker(on: redis) { queue, catalog in
            let job = JobEnvelope(kind: "echo", payload: ["incr": "runs"], isRecorded: true)
            try await catalog.recordJobs([QueuedJob(queue: .export, envelope: job)])
            try await catalog.jobEnded(job.id, claim: nil, state: state, result: state == .done ? "first" : nil)
            _ = try await queue.enqueue([job], on: .export)
            try await eventually("the queue lets go of it") { try await queue.state(of: job.id)?.state == state }
            #expect(try redis.cli("GET", "runs") == "")
            let result = try await catalog.job(job.id, tenant: nil).result
            #expect(result == (state == .done ? .some("first") : Optional<JSONValue>.none))
        }
    }
}
