import Foundation
public import Model
import Postgres

extension Catalog {
    /// Notes that a claim runs its step and returns what it works on.
    public func beginStep(_ claim: JobClaim) async throws -> StepStart {
        try await pool.transaction { transaction in
            guard let job = try transaction.job(claim.job), let batchID = job.batch else { return .cancelled }
            if job.job.asset == nil, try transaction.lockBatch(batchID) == nil { return .cancelled }
            let imageIsOurs = try transaction.takeImage(job, claim)
            guard let locked = try transaction.lockJob(claim.job) else { return .cancelled }
            switch Standing(locked, imageIsOurs: imageIsOurs, fence: claim.fence) {
            case .cancelled: return .cancelled
            case .fenced: return .fenced
            case .over: return .alreadyDone(try transaction.outcome(ofEnded: job, locked.state))
            case .ours: break
            }
            try transaction.execute(
                Statement.jobBegin, [.text(claim.job.rawValue), .int(claim.attempt), .int(claim.fence)])
            guard let begun = try transaction.job(claim.job) else { return .cancelled }
            let read = try job.job.asset.map { try transaction.asset($0, in: job.job.queue.rawValue) }
            return .run(
                StepFacts(
                    job: begun, batch: try transaction.batch(batchID), asset: read?.asset, crashes: read?.crashes))
        }
    }

    /// Records the result of a step and what follows, in one transaction, exactly once.
    ///
    /// - Parameters:
    ///   - effect: names what was done; by default the step. With the job it is the receipt's key.
    ///   - whenDone: the first job for the whole batch, recorded when this was its last unfinished asset; nil: the batch
    ///     then is complete.
    public func completeStep(
        _ claim: JobClaim, effect: String? = nil, result: StepResult, receipt: Receipt = Receipt(), next: NextStep,
        whenDone: QueuedJob?
    ) async throws -> StepCompletion {
        let end: StepEnd =
            switch next {
            case .job(let job): .goesOn(job)
            case .assetCompleted: .asset(.completed, error: nil, movedTo: nil)
            }
        return try await record(claim, effect: effect, result: result, receipt: receipt, end, whenDone)
    }

    /// Records that an asset goes no further.
    ///
    /// - Parameters:
    ///   - status: `failed`, `held`, `infected` or `cancelled`.
    ///   - error: shown to people; nil only for `infected`.
    ///   - result: what the step found all the same, for example the scan's report.
    ///   - movedTo: the new storage key of quarantined bytes.
    public func failAsset(
        _ claim: JobClaim, effect: String? = nil, status: AssetStatus, error: RecordedError?,
        result: StepResult = .nothing, receipt: Receipt = Receipt(), movedTo: String? = nil, whenDone: QueuedJob?
    ) async throws -> StepCompletion {
        precondition(status.isFinal && status != .completed, "an asset fails with a final status other than completed")
        return try await record(
            claim, effect: effect, result: result, receipt: receipt,
            .asset(status, error: error, movedTo: movedTo), whenDone)
    }

    /// The receipts of a job, oldest first.
    public func effects(of job: JobID) async throws -> [RecordedEffect] {
        try await pool.withConnection { connection in
            try connection.query(Statement.effectsOfJob, [.text(job.rawValue)]).map { try RecordedEffect($0) }
        }
    }

    private func record(
        _ claim: JobClaim, effect: String?, result: StepResult, receipt: Receipt, _ end: StepEnd, _ whenDone: QueuedJob?
    ) async throws -> StepCompletion {
        try await pool.transaction { transaction in
            guard let job = try transaction.job(claim.job), let batch = job.batch, let image = job.job.asset else {
                return .cancelled
            }
            if case .asset = end, try transaction.lockBatch(batch) == nil { return .cancelled }
            let imageIsOurs = try transaction.takeImage(job, claim)
            guard let locked = try transaction.lockJob(claim.job) else { return .cancelled }
            switch Standing(locked, imageIsOurs: imageIsOurs, fence: claim.fence) {
            case .cancelled: return .cancelled
            case .fenced: return .fenced
            case .over: return .alreadyDone(try transaction.outcome(ofEnded: job, locked.state))
            case .ours: break
            }
            try transaction.store(result, for: image)
            var followUps: [QueuedJob] = []
            var jobEnd = (state: JobState.done, error: RecordedError?.none)
            switch end {
            case .goesOn(let next):
                followUps = [next]
                try transaction.execute(Statement.imageNextStep, [.uuid(image), .optional(next.step)])
            case .asset(let status, let error, let movedTo):
                if status == .failed { jobEnd = (.dead, error) }
                try transaction.finish(image, status, error, movedTo)
                if try transaction.count(status, in: batch) {
                    if let whenDone {
                        followUps = [whenDone]
                    } else {
                        try transaction.execute(Statement.batchComplete, [.uuid(batch)])
                    }
                }
            }
            try transaction.insert(followUps)
            try transaction.end(claim, jobEnd.state, jobEnd.error)
            try transaction.insertEffect(effect ?? job.job.step ?? job.job.envelope.kind, claim, receipt, followUps)
            return .recorded(try transaction.outcome(of: job))
        }
    }
}

private enum StepEnd: Sendable {
    case goesOn(QueuedJob)
    case asset(AssetStatus, error: RecordedError?, movedTo: String?)
}
