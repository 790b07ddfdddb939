import Catalog
import Foundation
import JobQueue
import Logging
import Model
import Observability
import Postgres
import Redis
import TestServers
import Testing
import Worker

/// The record has fences from the far future, as after a failover to a Redis whose clock is behind.
@Suite struct FenceEpochTests {
    private func withWorker(
        at redis: RedisURL, _ catalog: Catalog, _ body: @Sendable (JobQueue) async throws -> Void
    ) async throws {
        let queue = JobQueue(client: RedisClient(redis, name: "test"))
        let runtime = WorkerRuntime(
            WorkerRole(queue: .export, handlers: [EchoHandler(queue: queue)]), slots: 2,
            WorkerRuntime.Environment(
                redisURL: redis, settings: QueueSettings(), catalog: catalog, metrics: Metrics(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                endedUnrun: { _, _, _ in }, fenceFloor: { try await catalog.fenceFloor(of: $0) }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runtime.run() }
            try await body(queue)
            await runtime.stop(grace: .zero)
        }
    }

    @Test("On another Redis the next claims are above what the record has seen, and it takes their effects")
    func anotherServer() async throws {
        let postgres = try PostgresServer.shared.get()
        let database = try postgres.makeDatabase()
        let catalog = Catalog(
            pool: PostgresPool(PostgresOptions(url: database), connections: 2), logger: Logger(label: "test"))
        try await catalog.migrate()
        let name = String(database.split(separator: "/").last ?? "")
        let inAYear = (Int64(Date().timeIntervalSince1970) + 31_536_000) * 1_000_000
        // A job that runs, as far as the record knows, under a claim that the old server gave out.
        let job = JobEnvelope(kind: "echo", payload: ["sleep_ms": 1], isRecorded: true)
        try await catalog.recordJobs([QueuedJob(queue: .export, envelope: job)])
        try await catalog.jobStarted(JobClaim(job: job.id, fence: inAYear, attempt: 1))
        let server = try RedisServer()
        try await withWorker(at: RedisURL(server.url), catalog) { queue in
            _ = try await queue.enqueue([job], on: .export)
            try await eventually("the record has its end") {
                try await catalog.job(job.id, tenant: nil).state == .done
            }
            #expect(try await catalog.job(job.id, tenant: nil).fence > inAYear)
            // The same server, emptied: it has lost the floor as well.
            try server.cli("FLUSHALL")
            let next = JobEnvelope(kind: "echo", payload: ["sleep_ms": 1], isRecorded: true)
            try await catalog.recordJobs([QueuedJob(queue: .export, envelope: next)])
            try await catalog.jobStarted(JobClaim(job: next.id, fence: inAYear * 2, attempt: 1))
            try await eventually("the worker is back") { try server.cli("EXISTS", "{flotilla}:fence_epoch") == "1" }
            _ = try await queue.enqueue([next], on: .export)
            try await eventually("the record has its end as well") {
                try await catalog.job(next.id, tenant: nil).state == .done
            }
        }
        let epochs = try postgres.psql("SELECT count(*), count(DISTINCT redis) FROM fence_epochs", database: name)
        #expect(epochs == "2|1")
    }

    @Test("A record that is away delays claims, and nothing else") func recordAway() async throws {
        let postgres = try PostgresServer()
        let database = try postgres.makeDatabase()
        let catalog = Catalog(
            pool: PostgresPool(PostgresOptions(url: database), connections: 2), logger: Logger(label: "test"))
        try await catalog.migrate()
        postgres.stop()
        let server = try RedisServer()
        try await withWorker(at: RedisURL(server.url), catalog) { queue in
            let job = JobEnvelope(kind: "echo", payload: "x")
            _ = try await queue.enqueue([job], on: .export)
            try await eventually("registered") { try await queue.workers().count == 1 }
            try await Task.sleep(for: .milliseconds(500))
            #expect(try server.cli("LLEN", "{flotilla}:queue:export") == "1")
            try postgres.start()
            try await eventually("done", within: .seconds(10)) { try await queue.state(of: job.id)?.state == .done }
        }
    }
}
