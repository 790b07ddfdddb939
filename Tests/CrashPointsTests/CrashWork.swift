import Catalog
import Foundation
import JobQueue
import Model
import ObjectStorage
import Pipeline
import Recipes
import TestServers
import Testing

/// What a worker does with a job, to its end.
enum Transition: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case scan, infected, echo, export, analyze, compress
    /// Fails, runs again, fails for good.
    case fails
    /// Its asset fails with it.
    case assetFails
    /// Ends without being run, and with it its asset, which is the last one of a batch without and with a closing job.
    case expires, expiresBeforeClosing

    var testDescription: String { rawValue }

    var worker: String {
        switch self {
        case .scan, .infected, .expires, .expiresBeforeClosing: "flotilla-scan-worker"
        case .analyze, .assetFails: "flotilla-analyze-worker"
        case .compress: "flotilla-compress-worker"
        case .echo, .export, .fails: "flotilla-export-worker"
        }
    }

    var isFailure: Bool { [.fails, .assetFails, .expires, .expiresBeforeClosing].contains(self) }
    /// The queue is through with such a job before the record is, so the reconciler has its part in it.
    var endsUnrun: Bool { self == .expires || self == .expiresBeforeClosing }
}

/// One job, its batch if it has one, and what has to be true in the end.
struct CrashWork {
    let transition: Transition
    let ground: CrashGround
    let job: QueuedJob
    let batch: UUID?

    init(_ transition: Transition, _ ground: CrashGround, number: Int) async throws {
        self.transition = transition
        self.ground = ground
        switch transition {
        case .scan, .infected, .expires, .expiresBeforeClosing:
            let content = transition == .infected ? SignatureFolder.eicar : Array("clean \(number)".utf8)
            let (batch, first) = try await ground.batch(
                transition == .expiresBeforeClosing ? "pack" : "look", content: content, expired: transition.endsUnrun)
            (job, self.batch) = (first, batch.id)
        case .echo, .fails:
            let payload: JSONValue = transition == .echo ? ["sleep_ms": 1] : ["fail": "again and again"]
            job = QueuedJob(
                queue: .export,
                envelope: JobEnvelope(kind: "echo", payload: payload, maxAttempts: 2, isRecorded: true))
            batch = nil
            try await ground.catalog.recordJobs([job])
        case .export:
            let (batch, scan) = try await ground.batch("pack", content: Array("packed \(number)".utf8))
            let plan = try required(ground.recipes["pack"], "pack")
            let packing = try required(StepJobs.whenDone(plan, in: batch), "no export")
            _ = try await ground.catalog.completeStep(
                JobClaim(job: scan.envelope.id, fence: 1, attempt: 1), result: .nothing, next: .assetCompleted,
                whenDone: packing)
            (job, self.batch) = (packing, batch.id)
        case .analyze, .compress, .assetFails:
            let recipe = transition == .compress ? "shrink" : "see"
            let (batch, scan) = try await ground.batch(
                recipe,
                content: transition == .assetFails ? Array("no picture".utf8) : try Self.picture.get(),
                type: transition == .assetFails ? "text/plain" : "image/png")
            let plan = try required(ground.recipes[recipe], recipe)
            job = StepJobs.job(plan.steps[1], of: plan, asset: try required(scan.asset, "no asset"), in: batch)
            _ = try await ground.catalog.completeStep(
                JobClaim(job: scan.envelope.id, fence: 1, attempt: 1), result: .nothing, next: .job(job), whenDone: nil)
            self.batch = batch.id
        }
        _ = try await ground.queue.enqueue([job.envelope], on: job.queue)
    }

    /// Whether the record and Redis both are through with it.
    ///
    /// - Parameter reconciling: a process was killed, so that there may be work for the reconciler.
    func isThrough(reconciling: Bool) async throws -> Bool {
        guard transition.endsUnrun else {
            guard try await ground.catalog.job(job.envelope.id, tenant: nil).state.isFinal else { return false }
            return try await ground.isIdle(buried: transition.isFailure)
        }
        let scans = try await ground.queue.queues().first { $0.queue == .scan }
        guard let scans, scans.waiting + scans.running == 0 else { return false }
        if try await isRecorded() { return true }
        if reconciling { try await ground.reconcile() }
        return false
    }

    private func isRecorded() async throws -> Bool {
        guard try await ground.catalog.job(job.envelope.id, tenant: nil).state.isFinal,
            try await ground.catalog.untoldBatches(olderThan: .zero).isEmpty
        else { return false }
        if transition == .expires { return true }
        return try await !ground.waiting(.export).isEmpty
    }

    /// The same end as if nothing had happened, once.
    func check(_ place: String) async throws {
        let comment = Comment(rawValue: "\(transition.rawValue), \(place)")
        let record = try await ground.catalog.job(job.envelope.id, tenant: nil)
        #expect(record.state == (transition.isFailure ? .dead : .done), comment)
        if transition == .expiresBeforeClosing { return try await checkClosing(comment) }
        #expect(try await ground.catalog.unfinishedJobs(olderThan: .zero).jobs.isEmpty, comment)
        if transition.isFailure {
            #expect(try await ground.queue.discardDead(job.queue) == 1, comment)
        }
        guard let id = batch else {
            if transition == .echo { #expect(record.result == ["sleep_ms": 1], comment) }
            let state = try await ground.queue.state(of: job.envelope.id)
            #expect(state?.state == record.state, comment)
            let end = transition == .echo ? "JOB_COMPLETED" : "JOB_DEAD"
            #expect(try await ground.events(job.envelope.id.rawValue).last == end, comment)
            return
        }
        let batch = try await ground.catalog.batch(id, tenant: nil)
        #expect(batch.status == .completed, comment)
        let (failed, infected) = (transition.isFailure ? 1 : 0, transition == .infected ? 1 : 0)
        #expect((batch.processed, batch.failed, batch.infected) == (1 - failed - infected, failed, infected), comment)
        let effects = try await ground.catalog.effects(of: job.envelope.id).count
        #expect(effects == (transition.endsUnrun ? 0 : 1), comment)
        #expect(try await ground.catalog.strandedAssets(olderThan: .zero).isEmpty, comment)
        #expect(try await ground.catalog.stuckBatches(olderThan: .zero).isEmpty, comment)
        let assets = try await ground.catalog.assets(ofBatch: id, tenant: nil, limit: 10, after: nil).items
        #expect(assets.map(\.status) == [failed == 1 ? .failed : infected == 1 ? .infected : .completed], comment)
        for asset in assets {
            #expect(try ground.store.size(of: StorageKey(asset.key)) == asset.bytes, comment)
            #expect(asset.variants.count == (transition == .compress ? 1 : 0), comment)
            #expect((asset.analysis != nil) == (transition == .analyze), comment)
            for variant in asset.variants {
                #expect(try ground.store.size(of: StorageKey(variant.key)) == variant.facts.bytes, comment)
            }
        }
        if transition == .export {
            let export = try #require(batch.export, comment)
            #expect(try ground.store.size(of: StorageKey(export.key)) == export.bytes, comment)
        }
        let subject = id.uuidString.lowercased()
        #expect(try ground.redis.cli("HGET", "{flotilla}:snapshot:\(subject)", "status") == "completed", comment)
        let events = try await ground.events(subject)
        #expect(events.last == "BATCH_COMPLETED", comment)
        if failed == 1 { #expect(events.contains("PROCESSING_ERROR"), comment) }
    }

    /// The batch goes on, and its closing job waits for a worker, once.
    private func checkClosing(_ comment: Comment) async throws {
        let id = try #require(batch, comment)
        let batch = try await ground.catalog.batch(id, tenant: nil)
        #expect(batch.status == .processing && batch.failed == 1, comment)
        let jobs = try await ground.catalog.unfinishedJobs(olderThan: .zero).jobs
        #expect(jobs.map(\.queue) == [.export], comment)
        // The reconciler, which has no patience here, may have been as quick as the worker.
        #expect(Set(try await ground.waiting(.export)) == Set(jobs.map(\.envelope.id)), comment)
        #expect(try await ground.events(id.uuidString.lowercased()).last == "PROCESSING_ERROR", comment)
        #expect(try await ground.queue.discardDead(.scan) == 1, comment)
        _ = try await ground.catalog.cancelBatch(id, tenant: nil)
        try await ground.catalog.told(try await ground.catalog.untold(ofBatch: id))
        try ground.redis.cli("DEL", "{flotilla}:queue:export")
    }

    /// The smallest one there is among the test media.
    private static let picture = Result { () throws -> [UInt8] in
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: tests.appending(path: "Media/image/p3.png")))
    }
}
