import Catalog
import Foundation
import Model
import Postgres
import Testing

@Suite("Batches")
struct BatchTests {
    @Test("A batch keeps what it was made with")
    func created() async throws {
        try await withCatalog { record in
            let words = ["red", "shoes", "'); DROP TABLE batches;--", "ünï \"quoted\" \\ {x}"]
            let made = try await record.catalog.createBatch(
                NewBatch(
                    recipe: "bulk-rename", keywords: words, options: ["deep": ["n": 1, "s": "\\u0000 is fine"]],
                    callbackURL: "https://example.com/hook"), tenant: "default")
            #expect(made.isNew)
            let read = try await record.catalog.batch(made.batch.id, tenant: "default")
            #expect(read == made.batch)
            #expect(
                read.keywords == words && read.options["deep"]?["s"] == "\\u0000 is fine" && read.status == .pending)
            await #expect(throws: CatalogError.notFound(.batch)) {
                try await record.catalog.batch(made.batch.id, tenant: "other")
            }
        }
    }

    @Test("NUL characters are refused with a clear error, not stored and not cut")
    func nul() async throws {
        try await withCatalog { record async throws in
            for new in [
                NewBatch(recipe: "r", keywords: ["a\0b"]), NewBatch(recipe: "r\0"),
                NewBatch(recipe: "r", options: ["a": "x\0"]),
            ] {
                let failure = await #expect(throws: PostgresError.self) {
                    try await record.catalog.createBatch(new, tenant: "default")
                }
                #expect(failure?.message.contains("NUL") == true)
            }
            #expect(try record.psql("SELECT count(*) FROM batches") == "0")
        }
    }

    @Test("Sixteen requests with one idempotency key make one batch; another body is a conflict")
    func idempotency() async throws {
        try await withCatalog { record in
            let new = NewBatch(recipe: "r", idempotency: .init(key: "order-17", requestHash: [1, 2]))
            let made = try await withThrowingTaskGroup(of: (UUID, Bool).self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        let made = try await record.catalog.createBatch(new, tenant: "default")
                        return (made.batch.id, made.isNew)
                    }
                }
                return try await group.reduce(into: [(UUID, Bool)]()) { $0.append($1) }
            }
            #expect(Set(made.map(\.0)).count == 1)
            #expect(made.filter(\.1).count == 1)
            #expect(try record.psql("SELECT count(*) FROM batches") == "1")
            var other = new
            other.idempotency?.requestHash = [9]
            await #expect(throws: CatalogError.idempotencyConflict) {
                try await record.catalog.createBatch(other, tenant: "default")
            }
            try await record.catalog.putTenant(id: "other", name: "Other")
            #expect(try await record.catalog.createBatch(other, tenant: "other").isNew)
        }
    }

    @Test(
        "Pages follow each other without gap or repeat, newest first, while batches are added", arguments: [1, 3, 50])
    func pages(limit: Int) async throws {
        try await withCatalog { record in
            var made: [UUID] = []
            for _ in 0..<10 {
                made.append(try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "default").batch.id)
            }
            _ = try await record.catalog.cancelBatch(made[4], tenant: "default")
            var seen: [UUID] = []
            var cursor: PageCursor?
            repeat {
                let page = try await record.catalog.batches(tenant: "default", limit: limit, after: cursor)
                #expect(page.items.count <= limit)
                seen += page.items.map(\.id)
                cursor = try page.next.map { try #require(PageCursor($0.description)) }
                _ = try await record.catalog.createBatch(NewBatch(recipe: "late"), tenant: "default")
            } while cursor != nil
            #expect(seen == made.reversed())
            let cancelled = try await record.catalog.batches(tenant: "default", status: .cancelled)
            #expect(cancelled.items.map(\.id) == [made[4]] && cancelled.next == nil)
            #expect(try await record.catalog.batches(tenant: "nobody").items.isEmpty)
        }
    }

    @Test(
        "A cursor that a client made up is not one",
        arguments: ["", "1", "x.y", "-1.\(UUID())", "99999999999999999999.\(UUID())", "1.\(UUID()).2"])
    func cursors(text: String) { #expect(PageCursor(text) == nil) }

    @Test("Starting records one job an asset, once; an empty or cancelled batch is refused")
    func start() async throws {
        try await withCatalog { record in
            let empty = try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "default").batch
            await #expect(throws: CatalogError.emptyBatch) {
                try await record.catalog.startBatch(empty.id, tenant: "default") {
                    stepJob("scan", asset: $0.id, batch: $0.batch)
                }
            }
            let (batch, jobs) = try await record.startedBatch(3)
            #expect(batch.status == .processing && batch.total == 3 && batch.startedAt != nil && jobs.count == 3)
            #expect(
                try record.psql("SELECT count(*), min(state), min(step) FROM job_runs WHERE batch_id = '\(batch.id)'")
                    == "3|queued|scan")
            let again = try await record.catalog.startBatch(batch.id, tenant: "default") {
                stepJob("scan", asset: $0.id, batch: $0.batch)
            }
            #expect(again.jobs.isEmpty && again.batch.status == .processing)
            #expect(try await record.catalog.untold(ofBatch: batch.id).map(\.event) == [.batchProcessingStarted])
            await #expect(throws: CatalogError.wrongStatus(.processing)) {
                try await record.catalog.addAsset(newAsset("late.jpg"), toBatch: batch.id, tenant: "default")
            }
            _ = try await record.catalog.cancelBatch(empty.id, tenant: "default")
            await #expect(throws: CatalogError.wrongStatus(.cancelled)) {
                try await record.catalog.startBatch(empty.id, tenant: "default") {
                    stepJob("scan", asset: $0.id, batch: $0.batch)
                }
            }
        }
    }

    @Test("Sixteen starts at once: the jobs are handed out once")
    func concurrentStart() async throws {
        try await withCatalog { record in
            let batch = try await record.catalog.createBatch(NewBatch(recipe: "r"), tenant: "default").batch
            for n in 0..<5 { _ = try await record.catalog.addAsset(newAsset("\(n)"), toBatch: batch.id, tenant: nil) }
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await record.catalog.startBatch(batch.id, tenant: nil) {
                            stepJob("scan", asset: $0.id, batch: $0.batch)
                        }.jobs.count
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(counts.filter { $0 > 0 } == [5])
        }
    }

    @Test("Cancelling stops what is unfinished and tells its jobs; deleting leaves no row")
    func cancel() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(3)
            #expect(try await record.finish(jobs[0]).outcome != nil)
            let cancelled = try await record.catalog.cancelBatch(batch.id, tenant: "default")
            #expect(cancelled.status == .cancelled)
            #expect(
                Set(try await record.catalog.cancelledJobs(ofBatch: batch.id)) == Set(jobs[1...].map(\.envelope.id)))
            #expect(try await record.catalog.cancelBatch(batch.id, tenant: "default") == cancelled)
            let untold = try await record.catalog.untold(ofBatch: batch.id)
            #expect(untold.map(\.event) == [.batchProcessingStarted, .batchCancelled], "each once")
            #expect(try await record.catalog.beginStep(claim(jobs[1])).isCancelled)
            #expect(try await record.finish(jobs[2]).isCancelled)
            #expect(
                try record.psql("SELECT status FROM images WHERE batch_id = '\(batch.id)' ORDER BY position")
                    == "completed\ncancelled\ncancelled")
            #expect(try await record.catalog.cancelledBatches(since: Date(timeIntervalSinceNow: -60)) == [batch.id])
            #expect(try await record.catalog.storageKeys(ofBatch: batch.id).count == 3)
            try await record.catalog.deleteBatch(batch.id, tenant: "default")
            #expect(try record.psql("SELECT (SELECT count(*) FROM images) + (SELECT count(*) FROM job_runs)") == "0")
            #expect(try await record.catalog.beginStep(claim(jobs[1])).isCancelled)
        }
    }

    @Test("A batch that was completed long ago and is deleted now is among the newly cancelled")
    func cancelCompleted() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(1)
            _ = try await record.finish(jobs[0], closing: false)
            try record.psql("UPDATE batches SET completed_at = now() - interval '1 year'")
            _ = try await record.catalog.cancelBatch(batch.id, tenant: nil)
            #expect(try await record.catalog.cancelledBatches(since: Date(timeIntervalSinceNow: -3600)) == [batch.id])
        }
    }
}
