import Catalog
import Foundation
import Model
import Testing

@Suite("Steps")
struct StepTests {
    @Test("An asset travels through its steps, and what each found is on record")
    func travel() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(1)
            let scan = jobs[0]
            let asset = try #require(scan.asset)
            let facts = try #require(try await record.catalog.beginStep(claim(scan, fence: 10)).facts)
            #expect(facts.asset?.id == asset && facts.batch.id == batch.id && facts.job.state == .running)
            let analyze = stepJob("analyze", asset: asset, batch: batch.id, queue: .analyze)
            let scanned = try #require(
                try await record.catalog.completeStep(
                    claim(scan, fence: 10), result: .scan(cleanScan),
                    receipt: Receipt(inputSHA256: "ab", outputSHA256: ["cd"], engine: ["clamav": "1.4.6"]),
                    next: .job(analyze), whenDone: nil
                ).outcome)
            #expect(scanned.followUps == [analyze] && scanned.asset?.step == "analyze" && !scanned.assetIsFinished)
            // A lower fence on the next job is no zombie: fences are compared within a step.
            #expect(try await record.catalog.beginStep(claim(analyze, fence: 2)).facts != nil)
            let compress = stepJob("compress", asset: asset, batch: batch.id, queue: .compress)
            _ = try await record.catalog.completeStep(
                claim(analyze, fence: 2),
                result: .analysis(analysis(), name: NameStem(stem: "cat", fileExtension: "jpg")),
                next: .job(compress), whenDone: nil)
            let last = try #require(
                try await record.catalog.completeStep(
                    claim(compress), result: .variants([variant("webp")]), next: .assetCompleted,
                    whenDone: closingJob(batch.id)
                ).outcome)
            #expect(last.assetIsFinished && last.followUps == [closingJob(batch.id)] && !last.batchJustEnded)
            #expect(last.batch.percent == 100 && last.batch.status == .processing)
            let read = try await record.catalog.asset(asset, tenant: nil)
            #expect(read.scan == cleanScan && read.analysis?.labels == analysis().labels && read.status == .completed)
            #expect(read.analysis?.camera?.make == "NulCam", "jsonb holds no NUL")
            #expect(read.proposedName == "cat.jpg" && read.variants == [variant("webp")] && read.processedAt != nil)
            let export = BatchExport(key: "exports/x.zip", bytes: 22, etag: "\"e\"", plan: ["entries": [1, 2]])
            let closed = try #require(
                try await record.catalog.completeBatch(claim(closingJob(batch.id)), export: export).outcome)
            #expect(closed.batchJustEnded && closed.batch.status == .completed && closed.batch.export == export)
            let again = try await record.catalog.beginStep(claim(closingJob(batch.id), fence: 2)).repeated
            #expect(again?.batchJustEnded == true, "whoever closed it may have died before telling")
            let earlier = try await record.catalog.beginStep(claim(compress, fence: 2)).repeated
            #expect(earlier?.batchJustEnded == false)
            #expect(try await record.catalog.effects(of: scan.envelope.id).first?.receipt.engine == ["clamav": "1.4.6"])
            #expect(
                try record.psql(
                    """
                    SELECT b.status, b.total_images, b.processed_images, b.completed_at IS NOT NULL,
                           i.vision_tags->0->>'name', i.proposed_name
                    FROM batches b JOIN images i ON i.batch_id = b.id
                    """) == "completed|1|1|t|cat|cat.jpg")
        }
    }

    @Test("Sixteen completions of one job at once: one effect, and all know what follows")
    func exactlyOnce() async throws {
        try await withCatalog(connections: 16) { record in
            let (batch, jobs) = try await record.startedBatch(2)
            let next = stepJob("analyze", asset: try #require(jobs[0].asset), batch: batch.id, queue: .analyze)
            let completions = try await withThrowingTaskGroup(of: StepCompletion.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await record.catalog.completeStep(
                            claim(jobs[0], fence: 5), result: .scan(cleanScan), next: .job(next), whenDone: nil)
                    }
                }
                return try await group.reduce(into: [StepCompletion]()) { $0.append($1) }
            }
            #expect(completions.compactMap(\.outcome).count == 1)
            #expect(completions.compactMap(\.repeated).map(\.followUps) == Array(repeating: [next], count: 15))
            #expect(try record.psql("SELECT count(*) FROM effects") == "1")
            #expect(try record.psql("SELECT count(*) FROM job_runs WHERE step = 'analyze'") == "1")
            let begin = try await record.catalog.beginStep(claim(jobs[0], fence: 6))
            #expect(begin.repeated?.followUps == [next])
        }
    }

    @Test("A zombie with an older fence changes no row, whatever it brings")
    func zombie() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(2)
            let job = jobs[0]
            #expect(try await record.catalog.beginStep(claim(job, fence: 7)).facts != nil)
            #expect(try await record.catalog.beginStep(claim(job, fence: 9, attempt: 2)).facts != nil)
            let before = try record.psql("SELECT * FROM images ORDER BY position")
            #expect(try await record.finish(job, fence: 7).isFenced)
            let failed = try await record.catalog.failAsset(
                claim(job, fence: 8), status: .failed, error: RecordedError(code: "corrupt", message: "x"),
                whenDone: nil)
            #expect(failed.isFenced)
            #expect(try await record.catalog.beginStep(claim(job, fence: 8)).isFenced)
            #expect(try record.psql("SELECT * FROM images ORDER BY position") == before)
            #expect(try record.psql("SELECT count(*) FROM effects") == "0")
            #expect(try await record.finish(job, fence: 9).outcome != nil)
            let after = try record.psql("SELECT * FROM images ORDER BY position")
            #expect(try await record.finish(job, fence: 7).isFenced)
            #expect(try record.psql("SELECT * FROM images ORDER BY position") == after)
            #expect(try await record.catalog.batch(batch.id, tenant: nil).processed == 1)
        }
    }

    @Test(
        "An asset that goes no further is counted where it belongs, with its reason",
        arguments: [
            (AssetStatus.infected, "0|0|1", "done"), (.failed, "0|1|0", "dead"), (.held, "0|1|0", "done"),
            (.cancelled, "0|1|0", "done"),
        ])
    func rejected(status: AssetStatus, counters: String, jobState: String) async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(1)
            let error = status == .infected ? nil : RecordedError(code: "truncated", message: "The file ends early.")
            let outcome = try #require(
                try await record.catalog.failAsset(
                    claim(jobs[0]), status: status, error: error, result: .scan(cleanScan), movedTo: "quarantine/1",
                    whenDone: nil
                ).outcome)
            #expect(outcome.asset?.status == status && outcome.asset?.error == error)
            #expect(outcome.asset?.key == "quarantine/1" && outcome.asset?.scan == cleanScan)
            #expect(outcome.batchJustEnded && outcome.batch.status == .completed, "the batch goes on without it")
            #expect(
                try record.psql("SELECT processed_images, failed_images, infected_images FROM batches") == counters)
            #expect(try record.psql("SELECT state FROM job_runs") == jobState)
            #expect(try await record.catalog.batch(batch.id, tenant: nil).percent == 100)
        }
    }

    @Test("Fifty assets, eight workers: every one is counted, and exactly one of them was the last")
    func lastAsset() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(50)
            let outcomes = try await withThrowingTaskGroup(of: [StepOutcome].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        var outcomes: [StepOutcome] = []
                        for (n, job) in jobs.enumerated() where n % 8 == worker {
                            guard try await record.catalog.beginStep(claim(job)).facts != nil else { continue }
                            let completion =
                                n % 5 == 0
                                ? try await record.catalog.failAsset(
                                    claim(job), status: .failed, error: RecordedError(code: "corrupt", message: "x"),
                                    whenDone: closingJob(batch.id)) : try await record.finish(job)
                            if let outcome = completion.outcome { outcomes.append(outcome) }
                        }
                        return outcomes
                    }
                }
                return try await group.reduce([], +)
            }
            #expect(outcomes.count == 50)
            #expect(outcomes.filter { !$0.followUps.isEmpty }.count == 1)
            #expect(Set(outcomes.map(\.batch.finished)) == Set(1...50))
            let after = try await record.catalog.batch(batch.id, tenant: nil)
            #expect(after.processed == 40 && after.failed == 10 && after.status == .processing)
            #expect(try record.psql("SELECT count(*) FROM job_runs WHERE kind = 'export.batch'") == "1")
        }
    }

    @Test("Cancelling while eight workers finish: counters and statuses agree, nothing deadlocks")
    func cancelDuringWork() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(40)
            try await withThrowingDiscardingTaskGroup { group in
                for worker in 0..<8 {
                    group.addTask {
                        for (n, job) in jobs.enumerated() where n % 8 == worker {
                            if n % 2 == 0 {
                                let next = stepJob("analyze", asset: try #require(job.asset), batch: batch.id)
                                _ = try await record.catalog.completeStep(
                                    claim(job), result: .nothing, next: .job(next), whenDone: nil)
                            } else {
                                _ = try await record.finish(job)
                            }
                        }
                    }
                }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(20))
                    _ = try await record.catalog.cancelBatch(batch.id, tenant: nil)
                }
            }
            #expect(try record.psql("SELECT count(*) FROM images WHERE status IN ('pending', 'processing')") == "0")
            #expect(try record.psql("SELECT count(*) FROM job_runs WHERE state IN ('queued', 'running')") == "0")
            let processed = try await record.catalog.batch(batch.id, tenant: nil).processed
            #expect(try record.psql("SELECT count(*) FROM images WHERE status = 'completed'") == "\(processed)")
        }
    }

    @Test("A closing step that cannot be done fails the batch; repeating it tells the same")
    func failedBatch() async throws {
        try await withCatalog { record in
            let (batch, jobs) = try await record.startedBatch(1)
            _ = try await record.finish(jobs[0])
            let closing = claim(closingJob(batch.id), fence: 3)
            #expect(try await record.catalog.beginStep(closing).facts?.asset == nil)
            let failed = try #require(
                try await record.catalog.failBatch(closing, error: RecordedError(code: "no_space", message: "full"))
                    .outcome)
            #expect(failed.batchJustEnded && failed.batch.status == .failed && failed.batch.error?.code == "no_space")
            let again = try await record.catalog.completeBatch(closing, export: nil)
            #expect(again.repeated?.batch.status == .failed)
            let older = try await record.catalog.completeBatch(claim(closingJob(batch.id), fence: 2), export: nil)
            #expect(older.isFenced)
        }
    }
}
