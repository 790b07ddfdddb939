import Catalog
import Foundation
import Logging
import Model
import Postgres
import TestServers
import Testing

@Suite("Jobs and reconciliation")
struct JobTests {
    static func single(_ payload: JSONValue = ["n": 1]) -> QueuedJob {
        QueuedJob(queue: .compress, envelope: JobEnvelope(kind: "echo", payload: payload))
    }

    @Test("A single job's life, with any JSON as payload and result")
    func life() async throws {
        try await withCatalog { record in
            let job = Self.single(["text": "nul \0 and '); DROP TABLE job_runs;--", "n": 9_007_199_254_740_993])
            #expect(try await record.catalog.recordJobs([job, job]) == [job.envelope.id, job.envelope.id])
            #expect(try await record.catalog.recordJobs([job]) == [])
            #expect(try await record.catalog.job(job.envelope.id, tenant: "default").job == job)
            await #expect(throws: CatalogError.notFound(.job)) {
                try await record.catalog.job(job.envelope.id, tenant: "other")
            }
            #expect(try await record.catalog.jobStarted(claim(job, fence: 5)))
            #expect(try await !record.catalog.jobStarted(claim(job, fence: 4)))
            let stale = try await record.catalog.jobEnded(job.envelope.id, claim: claim(job, fence: 4), state: .dead)
            #expect(!stale)
            #expect(
                try await record.catalog.jobEnded(
                    job.envelope.id, claim: claim(job, fence: 5), state: .done, result: job.envelope.payload))
            let done = try await record.catalog.job(job.envelope.id, tenant: nil)
            #expect(done.state == .done && done.result == job.envelope.payload && done.finishedAt != nil)
            let late = try await record.catalog.jobEnded(job.envelope.id, claim: nil, state: .dead)
            #expect(!late, "what is over stays over")
        }
    }

    @Test("A dead job can be made ready again; a running one cannot")
    func retry() async throws {
        try await withCatalog { record in
            let job = Self.single()
            try await record.catalog.recordJobs([job])
            await #expect(throws: CatalogError.notRetryable(.queued)) {
                try await record.catalog.retryJob(job.envelope.id, tenant: "default")
            }
            #expect(
                try await record.catalog.jobEnded(
                    job.envelope.id, claim: nil, state: .dead, error: RecordedError(code: "expired", message: "late")))
            #expect(try await record.catalog.job(job.envelope.id, tenant: nil).error?.code == "expired")
            #expect(try await record.catalog.retryJob(job.envelope.id, tenant: "default") == job)
            let again = try await record.catalog.job(job.envelope.id, tenant: nil)
            #expect(again.state == .queued && again.error == nil && again.finishedAt == nil)
        }
    }

    @Test("Retrying a failed asset of a completed batch opens it again, and it closes once more")
    func retryAsset() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(2)
            _ = try await record.finish(jobs[0])
            _ = try await record.catalog.failAsset(
                claim(jobs[1], fence: 4), status: .failed, error: RecordedError(code: "corrupt", message: "x"),
                whenDone: closingJob(batch.id))
            #expect(try await record.catalog.beginStep(claim(closingJob(batch.id))).facts != nil)
            await #expect(throws: CatalogError.batchIsClosing) {
                try await record.catalog.retryJob(jobs[1].envelope.id, tenant: nil)
            }
            _ = try await record.catalog.completeBatch(claim(closingJob(batch.id)), export: nil)
            #expect(try await record.catalog.retryJob(jobs[1].envelope.id, tenant: nil) == jobs[1])
            let open = try await record.catalog.batch(batch.id, tenant: nil)
            #expect(open.status == .processing && open.failed == 0 && open.processed == 1 && open.completedAt == nil)
            let done = try #require(try await record.finish(jobs[1], fence: 5).outcome)
            #expect(done.followUps == [closingJob(batch.id)])
            let closed = try await record.catalog.completeBatch(claim(closingJob(batch.id)), export: nil)
            #expect(closed.outcome?.batch.status == .completed && closed.outcome?.batch.processed == 2)
        }
    }

    @Test("Retrying a failed closing step opens the batch again")
    func retryBatch() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(1)
            _ = try await record.finish(jobs[0])
            let closing = closingJob(batch.id)
            _ = try await record.catalog.failBatch(
                claim(closing), error: RecordedError(code: "no_space", message: "full"))
            #expect(try await record.catalog.retryJob(closing.envelope.id, tenant: nil) == closing)
            let closed = try await record.catalog.completeBatch(claim(closing, fence: 2), export: nil)
            #expect(closed.outcome?.batch.status == .completed && closed.outcome?.batch.error == nil)
        }
    }

    @Test("The reconciler sees each unfinished job once, page by page, until it is touched")
    func unfinished() async throws {
        try await withCatalog { record in
            let jobs = (0..<7).map { _ in Self.single() }
            try await record.catalog.recordJobs(jobs)
            _ = try await record.catalog.jobEnded(jobs[0].envelope.id, claim: nil, state: .cancelled)
            #expect(try await record.catalog.unfinishedJobs(olderThan: .seconds(60)).jobs.isEmpty)
            var seen: [QueuedJob] = []
            var cursor: Catalog.UnfinishedCursor?
            repeat {
                let page = try await record.catalog.unfinishedJobs(olderThan: .zero, limit: 2, after: cursor)
                seen += page.jobs
                cursor = page.next
            } while cursor != nil
            #expect(seen.count == 6 && Set(seen) == Set(jobs[1...]))
            try record.psql("UPDATE job_runs SET enqueued_at = now() - interval '1 hour'")
            #expect(try await record.catalog.unfinishedJobs(olderThan: .seconds(60)).jobs.count == 6)
            try await record.catalog.touchEnqueued([jobs[1].envelope.id])
            #expect(try await record.catalog.unfinishedJobs(olderThan: .seconds(60)).jobs.count == 5)
        }
    }

    @Test("A walk ends that touches what it sees, while others put jobs on their queues")
    func walkWithTouches() async throws {
        try await withCatalog { record in
            let jobs = (0..<7).map { _ in Self.single() }
            try await record.catalog.recordJobs(jobs)
            var seen: [QueuedJob] = []
            var cursor: Catalog.UnfinishedCursor?
            var pages = 0
            repeat {
                let page = try await record.catalog.unfinishedJobs(olderThan: .zero, limit: 2, after: cursor)
                seen += page.jobs
                try await record.catalog.touchEnqueued(page.jobs.map(\.envelope.id))
                try await record.catalog.recordJobs([Self.single()])
                cursor = page.next
                pages += 1
            } while cursor != nil && pages < 20
            #expect(seen.count == 7 && Set(seen) == Set(jobs))
        }
    }

    @Test("A batch whose closing job is missing, and an asset whose job ended alone, are found and settled")
    func stuck() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(2)
            let asset = try #require(jobs[1].asset)
            _ = try await record.finish(jobs[0])
            try record.psql("UPDATE job_runs SET fence = 7, state = 'dead' WHERE id = '\(jobs[1].envelope.id)'")
            #expect(try await record.catalog.strandedAssets(olderThan: .zero) == [asset])
            try record.psql("UPDATE job_runs SET state = 'running' WHERE id = '\(jobs[1].envelope.id)'")
            #expect(try await record.catalog.stuckBatches(olderThan: .zero) == [])
            #expect(try await record.catalog.settleBatch(batch.id, whenDone: nil) == nil)
            let lost = RecordedError(code: "worker_lost", message: "The worker was lost too often.")
            let settled = try await record.catalog.settleAsset(
                asset, job: jobs[1].envelope.id, state: .dead, error: lost, whenDone: closingJob(batch.id))
            #expect(settled?.followUps == [closingJob(batch.id)] && settled?.asset?.error == lost)
            let ended = try await record.catalog.job(jobs[1].envelope.id, tenant: nil)
            #expect(ended.state == .dead && ended.error == lost, "with its asset, whatever its fence")
            #expect(
                try await record.catalog.settleAsset(
                    asset, job: jobs[1].envelope.id, state: .dead, error: lost, whenDone: nil) == nil)
            let untold = try await record.catalog.untold(ofBatch: batch.id)
            try #require(untold.map(\.event) == [.batchProcessingStarted, .processingError])
            #expect(untold[1].asset == asset && untold[1].job == jobs[1].envelope.id)
            try record.psql("DELETE FROM job_runs WHERE kind = 'export.batch'")
            try record.psql("UPDATE batches SET processed_images = 0")
            #expect(try await record.catalog.stuckBatches(olderThan: .zero) == [batch.id])
            let closed = try await record.catalog.settleBatch(batch.id, whenDone: closingJob(batch.id))
            #expect(closed?.followUps == [closingJob(batch.id)] && closed?.batch.processed == 1)
            #expect(try await record.catalog.stuckBatches(olderThan: .zero) == [])
        }
    }

    @Test("Sixteen schedulers, one tick: one fires")
    func ticks() async throws {
        try await withCatalog { record in
            let tick = Date(timeIntervalSince1970: 1_800_000_000)
            #expect(try await record.catalog.lastTick(recipe: "nightly") == nil)
            let fired = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await record.catalog.claimTick(recipe: "nightly", tick: tick) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(fired == 1)
            #expect(try await record.catalog.lastTick(recipe: "nightly") == tick)
            #expect(try await record.catalog.claimTick(recipe: "hourly", tick: tick))
        }
    }

    @Test("A tick whose scheduler died is somebody else's, and one that has fired nobody's")
    func abandonedTicks() async throws {
        try await withCatalog { record in
            let ticks = [Date(timeIntervalSince1970: 1_800_000_000), Date(timeIntervalSince1970: 1_800_003_600)]
            for tick in ticks { #expect(try await record.catalog.claimTick(recipe: "hourly", tick: tick)) }
            try await record.catalog.tickDone(recipe: "hourly", tick: ticks[0])
            #expect(try await record.catalog.undoneTicks(recipe: "hourly", after: ticks[0] - 1).isEmpty)
            #expect(try await !record.catalog.claimTick(recipe: "hourly", tick: ticks[1]), "it may still be at work")
            try record.psql("UPDATE schedule_ticks SET fired_at = now() - interval '301 seconds'")
            #expect(try await record.catalog.undoneTicks(recipe: "hourly", after: ticks[1]).isEmpty)
            #expect(try await record.catalog.undoneTicks(recipe: "hourly", after: ticks[0]) == [ticks[1]])
            #expect(try await !record.catalog.claimTick(recipe: "hourly", tick: ticks[0]))
            #expect(try await record.catalog.claimTick(recipe: "hourly", tick: ticks[1]))
            #expect(try await !record.catalog.claimTick(recipe: "hourly", tick: ticks[1]))
        }
    }

    @Test("The record works again after its server was killed and started")
    func restart() async throws {
        let server = try PostgresServer()
        let pool = PostgresPool(PostgresOptions(url: try server.makeDatabase()), connections: 2)
        let catalog = Catalog(pool: pool, logger: .init(label: "test"))
        try await catalog.migrate()
        let job = Self.single()
        try await catalog.recordJobs([job])
        server.stop()
        let failure = await #expect(throws: PostgresError.self) { try await catalog.ping() }
        #expect(failure?.isTransient == true)
        try server.start()
        try await catalog.ping()
        #expect(try await catalog.job(job.envelope.id, tenant: nil).job == job)
        await pool.close()
    }
}
