import Catalog
import Foundation
import JobQueue
import Logging
import Model
import ObjectStorage
import Postgres
import Recipes
import Redis
import TestServers
import Testing

@testable import Pipeline

/// Somebody commits and dies before telling: the reconciler tells, and once it has, tells no more.
@Suite struct AnnouncerTests {
    private static let recipe = Recipe(
        name: "look", description: "", steps: [Recipe.Step(name: "scan", action: .scan)], whenDone: [])

    private struct Ground {
        let catalog: Catalog
        let queue: JobQueue
        let batches: BatchControl
        let reconciler: Reconciler
        let namespace: String
        let psql: (String) throws -> Void

        /// A started batch of one asset, as far as the record knows.
        func started() async throws -> (batch: Batch, job: QueuedJob) {
            let batch = try await pending()
            let (started, jobs) = try await catalog.startBatch(batch.id, tenant: nil) { asset in
                StepJobs.job(recipe.steps[0], of: recipe, asset: asset.id, in: batch)
            }
            return (started, try #require(jobs.first))
        }

        func pending() async throws -> Batch {
            let batch = try await catalog.createBatch(NewBatch(recipe: "look"), tenant: "default").batch
            _ = try await catalog.addAsset(
                NewAsset(
                    originalName: "a.png", key: "originals/\(UUID().uuidString)", bytes: 1,
                    sha256: SHA256.hexadecimal(Array("a".utf8)), crc32: 0, mimeType: "image/png"), toBatch: batch.id,
                tenant: nil)
            return batch
        }

        func events(_ batch: Batch) async throws -> [String] {
            try await queue.events(batch.id.uuidString.lowercased(), after: 0).map {
                try JSON.decode(JSONValue.self, from: $0.json)["event"]?.string ?? ""
            }
        }

        func waiting() async throws -> [JobID] {
            var ids: [JobID] = []
            var cursor: KnownJobs.Cursor?
            repeat {
                let page = try await queue.knownJobIDs(.scan, cursor: cursor)
                ids += page.ids
                cursor = page.next
            } while cursor != nil
            return ids
        }

        func isCancelled(_ job: JobID) throws -> Bool {
            try !RedisServer.shared.get().cli("ZSCORE", "{\(namespace)}:cancelled", job.rawValue).isEmpty
        }

        func status(_ batch: Batch) async throws -> String? {
            try await queue.snapshot(batch.id.uuidString.lowercased())?.status
        }
    }

    private func withGround(age: Duration = .zero, _ body: (Ground) async throws -> Void) async throws {
        let database = try PostgresServer.shared.get().makeDatabase()
        let name = database.split(separator: "/").last.map { String($0) } ?? ""
        let pool = PostgresPool(PostgresOptions(url: database), connections: 2)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let catalog = Catalog(pool: pool, logger: logger)
        try await catalog.migrate()
        var settings = QueueSettings()
        settings.namespace = "a\(UInt32.random(in: 0...UInt32.max))"
        let redis = try RedisURL(RedisServer.shared.get().url)
        let queue = JobQueue(client: RedisClient(redis, name: "test"), settings: settings)
        try await queue.setMarker("here")
        let folder = try ChildServer.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let recipes = RecipeBook([Self.recipe])
        try await body(
            Ground(
                catalog: catalog, queue: queue,
                batches: BatchControl(
                    catalog: catalog, queue: queue, store: try DirectoryStore(location: "file://\(folder)/store"),
                    recipes: recipes),
                reconciler: Reconciler(
                    catalog: catalog, queue: queue, recipes: recipes, age: age, logger: logger),
                namespace: settings.namespace,
                psql: { try PostgresServer.shared.get().psql($0, database: name) }))
        await pool.close()
    }

    @Test("An asset whose job ended unrun, and with it the batch") func settledAsset() async throws {
        try await withGround { ground in
            let (batch, job) = try await ground.started()
            let lost = RecordedError(code: "worker_lost", message: "The worker was lost too often.")
            let outcome = try await ground.catalog.settleAsset(
                try #require(job.asset), job: job.envelope.id, state: .dead, error: lost, whenDone: nil)
            #expect(outcome?.batch.status == .completed)
            try await ground.reconciler.reconcile()
            // The start was not told either, and is not news any more.
            #expect(try await ground.events(batch) == ["PROCESSING_ERROR", "BATCH_COMPLETED"])
            #expect(try await ground.status(batch) == "completed")
            try await ground.reconciler.reconcile()
            #expect(try await ground.events(batch).count == 2, "once is enough")
            #expect(try await ground.waiting().isEmpty, "the job ended with its asset")
        }
    }

    @Test("A batch that was stuck") func settledBatch() async throws {
        try await withGround { ground in
            let (batch, _) = try await ground.started()
            try await Announcer(catalog: ground.catalog, queue: ground.queue).tell(of: batch.id)
            try ground.psql("UPDATE images SET status = 'completed'; UPDATE job_runs SET state = 'done'")
            #expect(try await ground.catalog.settleBatch(batch.id, whenDone: nil)?.batch.status == .completed)
            try await ground.reconciler.reconcile()
            #expect(try await ground.events(batch) == ["BATCH_PROCESSING_STARTED", "BATCH_COMPLETED"])
            #expect(try await ground.status(batch) == "completed")
        }
    }

    @Test("A batch that the reconciler itself closes is told of at once") func closedNow() async throws {
        try await withGround { ground in
            let (batch, _) = try await ground.started()
            try ground.psql("UPDATE images SET status = 'failed'; UPDATE job_runs SET state = 'dead'")
            try await ground.reconciler.reconcile()
            #expect(try await ground.events(batch).last == "BATCH_COMPLETED")
        }
    }

    @Test("A start; and the job is queued") func start() async throws {
        try await withGround { ground in
            let (batch, job) = try await ground.started()
            try await ground.reconciler.reconcile()
            #expect(try await ground.events(batch) == ["BATCH_PROCESSING_STARTED"])
            #expect(try await ground.waiting() == [job.envelope.id])
        }
    }

    @Test("A start, when the client asks for it once more") func startAgain() async throws {
        try await withGround(age: .seconds(3600)) { ground in
            let (batch, _) = try await ground.started()
            #expect(try await ground.batches.start(batch.id, tenant: nil).status == .processing)
            #expect(try await ground.events(batch) == ["BATCH_PROCESSING_STARTED"])
        }
    }

    @Test("A cancellation; and its jobs are cancelled on their queues") func cancel() async throws {
        try await withGround { ground in
            let batch = try await ground.pending()
            _ = try await ground.batches.start(batch.id, tenant: nil)
            let job = try #require(try await ground.waiting().first)
            _ = try await ground.catalog.cancelBatch(batch.id, tenant: nil)
            #expect(try !ground.isCancelled(job))
            try await ground.reconciler.reconcile()
            #expect(try await ground.events(batch) == ["BATCH_PROCESSING_STARTED", "BATCH_CANCELLED"])
            #expect(try ground.isCancelled(job))
        }
    }

    @Test("Whoever has just committed gets a moment to tell") func aMoment() async throws {
        try await withGround(age: .seconds(3600)) { ground in
            let (batch, _) = try await ground.started()
            try await ground.reconciler.reconcile()
            #expect(try await ground.events(batch).isEmpty)
            try ground.psql("UPDATE untold SET at = now() - interval '6 seconds'")
            try await ground.reconciler.reconcile()
            #expect(try await ground.events(batch) == ["BATCH_PROCESSING_STARTED"])
        }
    }

    @Test("Told by those who did it: once, and nothing is left") func live() async throws {
        try await withGround { ground in
            let batch = try await ground.pending()
            _ = try await ground.batches.start(batch.id, tenant: nil)
            _ = try await ground.batches.cancel(batch.id, tenant: nil)
            _ = try await ground.batches.cancel(batch.id, tenant: nil)
            #expect(try await ground.events(batch) == ["BATCH_PROCESSING_STARTED", "BATCH_CANCELLED"])
            #expect(try await ground.catalog.untold(ofBatch: batch.id).isEmpty)
        }
    }
}
