public import Foundation
import Model
import Postgres

/// Steps that are done once for a whole batch, after its last asset.
extension Catalog {
    /// Records a step of the whole batch and what follows, in one transaction, exactly once.
    ///
    /// - Parameters:
    ///   - export: the ZIP, if this step made one.
    ///   - next: the batch's next job; nil: the batch is complete.
    public func completeBatch(
        _ claim: JobClaim, effect: String? = nil, export: BatchExport?, receipt: Receipt = Receipt(),
        next: QueuedJob? = nil
    ) async throws -> StepCompletion {
        try await onBatch(claim, effect, receipt, next: next, state: .done, error: nil) { transaction, batch in
            if let export {
                try transaction.execute(
                    Statement.batchStoreExport,
                    [
                        .uuid(batch), .text(export.key), .int(export.bytes), .text(export.etag),
                        try StoredJSON.facts(export.plan),
                    ])
            }
            if next == nil { try transaction.execute(Statement.batchComplete, [.uuid(batch)]) }
        }
    }

    /// Records that a step of the whole batch cannot be done: the batch has failed. Its assets stay as they are.
    public func failBatch(_ claim: JobClaim, effect: String? = nil, error: RecordedError) async throws -> StepCompletion
    {
        try await onBatch(claim, effect, Receipt(), next: nil, state: .dead, error: error) { transaction, batch in
            try transaction.execute(Statement.batchFail, [.uuid(batch), .text(error.code), .text(error.message)])
            return
        }
    }

    private func onBatch(
        _ claim: JobClaim, _ effect: String?, _ receipt: Receipt, next: QueuedJob?, state: JobState,
        error: RecordedError?, _ change: @escaping @Sendable (inout Transaction, UUID) throws -> Void
    ) async throws -> StepCompletion {
        try await pool.transaction { transaction in
            guard let job = try transaction.job(claim.job), let batch = job.batch,
                let status = try transaction.lockBatch(batch), status != .cancelled,
                let locked = try transaction.lockJob(claim.job)
            else { return .cancelled }
            switch Standing(locked, imageIsOurs: true, fence: claim.fence) {
            case .cancelled: return .cancelled
            case .fenced: return .fenced
            case .over: return .alreadyDone(try transaction.outcome(ofEnded: job, locked.state))
            case .ours: break
            }
            try change(&transaction, batch)
            let followUps = next.map { [$0] } ?? []
            try transaction.insert(followUps)
            try transaction.end(claim, state, error)
            try transaction.insertEffect(effect ?? job.job.step ?? job.job.envelope.kind, claim, receipt, followUps)
            return .recorded(try transaction.outcome(of: job))
        }
    }

    /// Every asset that finished well, in order of arrival: what an export is made of.
    public func completedAssets(ofBatch batch: UUID) async throws -> [Asset] {
        try await pool.transaction(.repeatableRead) { transaction in
            let rows = try transaction.query(
                Statement.imagesPage,
                [.uuid(batch), 0, .text(AssetStatus.completed.rawValue), .int(Int64(Int32.max))])
            return try transaction.assets(Array(rows))
        }
    }
}
