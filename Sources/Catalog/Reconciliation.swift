public import Foundation
public import Model
import Postgres

/// What a reconciler asks, to bring Redis and the record together again.
extension Catalog {
    /// Where a walk through the unfinished jobs stands.
    public struct UnfinishedCursor: Sendable, Hashable {
        let time: Date
        let id: String
        /// Jobs put on their queue from here on are none of this walk's: it would not end while they are touched on it.
        let bound: Date
    }

    /// Jobs that are recorded as queued or running and were last put on their queue longer ago than `age`.
    ///
    /// - Returns: at most `limit` jobs, and where to go on; nil: these were all.
    public func unfinishedJobs(
        olderThan age: Duration, limit: Int = 1_000, after cursor: UnfinishedCursor? = nil
    ) async throws -> (jobs: [QueuedJob], next: UnfinishedCursor?) {
        try await pool.withConnection { connection in
            let rows = try connection.query(
                Statement.jobsUnfinished,
                [
                    .double(age.inSeconds), .optional(cursor?.time), .optional(cursor?.id), .int(limit),
                    .optional(cursor?.bound),
                ])
            let next =
                try rows.count < limit
                ? nil
                : rows.last.map { row in
                    UnfinishedCursor(time: try row["enqueued_at"], id: try row["id"], bound: try row["bound"])
                }
            return (try rows.map { try QueuedJob($0) }, next)
        }
    }

    /// Notes that these jobs were put on their queues (again) just now.
    public func touchEnqueued(_ ids: [JobID]) async throws {
        try await pool.withConnection { connection in
            try connection.execute(Statement.jobsTouch, [.textArray(ids.map(\.rawValue))])
            return
        }
    }

    /// Batches cancelled since `time`, whose bytes and queued jobs may need removing again.
    public func cancelledBatches(since time: Date, limit: Int = 1_000) async throws -> [UUID] {
        try await pool.withConnection { connection in
            try connection.query(Statement.batchesCancelledSince, [.date(time), .int(limit)]).map { try $0["id"] }
        }
    }

    /// Running batches, started longer ago than `age`, whose assets are all final but which no job would close.
    public func stuckBatches(olderThan age: Duration, limit: Int = 100) async throws -> [UUID] {
        try await pool.withConnection { connection in
            try connection.query(Statement.batchesStuck, [.double(age.inSeconds), .int(limit)]).map { try $0["id"] }
        }
    }

    /// Unfinished assets of running batches, started longer ago than `age`, that no job would bring on.
    public func strandedAssets(olderThan age: Duration, limit: Int = 100) async throws -> [UUID] {
        try await pool.withConnection { connection in
            try connection.query(Statement.imagesStranded, [.double(age.inSeconds), .int(limit)]).map { try $0["id"] }
        }
    }

    /// Ends an unfinished asset whose job ended without a worker, and that job: lost too often, expired, or cancelled
    /// while it waited. What is to be announced of it is ``untold(ofBatch:)``.
    ///
    /// - Parameter state: of the job; the asset fails with it, or is cancelled.
    /// - Returns: nil when the asset was final already.
    public func settleAsset(
        _ id: UUID, job: JobID, state: JobState, error: RecordedError, whenDone: QueuedJob?
    ) async throws -> StepOutcome? {
        precondition(state == .dead || state == .cancelled, "only a failure can be settled without a worker")
        return try await pool.transaction { transaction in
            let batch = try transaction.asset(id).batch
            let running = try transaction.lockBatch(batch)
            let isOpen = try running == .processing && !transaction.asset(id).status.isFinal
            var outcome: StepOutcome?
            if isOpen {
                let status: AssetStatus = state == .cancelled ? .cancelled : .failed
                try transaction.finish(id, status, error, nil)
                if status == .failed { try transaction.note(.processingError, of: batch, asset: id, job: job) }
                let isThrough = try transaction.count(status, in: batch)
                outcome = try transaction.close(batch, if: isThrough, whenDone, asset: id)
            }
            // In the same transaction: a job that outlived its asset would be enqueued again and again.
            try transaction.end(job, state, error)
            return outcome
        }
    }

    /// Counts a stuck batch's assets anew and closes it if they are all final. What is to be announced of it is
    /// ``untold(ofBatch:)``.
    ///
    /// - Parameter whenDone: its closing job, recorded if there is none; nil: the batch is complete.
    /// - Returns: nil when the batch is not running or not through.
    public func settleBatch(_ id: UUID, whenDone: QueuedJob?) async throws -> StepOutcome? {
        try await pool.transaction { transaction in
            guard try transaction.lockBatch(id) == .processing else { return nil }
            let isThrough: Bool = try found(transaction.query(Statement.batchRecount, [.uuid(id)]), .batch)[
                "is_through"]
            guard isThrough else { return nil }
            if let dead = try transaction.query(Statement.batchJobsDead, [.uuid(id)]).first {
                let ended = try transaction.execute(
                    Statement.batchFail,
                    [
                        .uuid(id), .text(try dead["error_code"] ?? "closing_failed"),
                        .text(try dead["error_message"] ?? "the batch could not be closed"),
                    ])
                if ended == 1 { try transaction.note(.batchCompleted, of: id) }
                return StepOutcome(
                    asset: nil, batch: try transaction.batch(id), followUps: [], batchJustEnded: ended == 1)
            }
            return try transaction.close(id, if: true, whenDone, asset: nil)
        }
    }
}

extension Transaction {
    fileprivate mutating func end(_ job: JobID, _ state: JobState, _ error: RecordedError) throws {
        guard let locked = try lockJob(job) else { return }
        try execute(
            Statement.jobEnd,
            [
                .text(job.rawValue), .text(state.rawValue), 0, .int(locked.fence), nil, .text(error.code),
                .text(error.message),
            ])
    }

    fileprivate mutating func close(
        _ batch: UUID, if isThrough: Bool, _ whenDone: QueuedJob?, asset: UUID?
    ) throws -> StepOutcome {
        var followUps: [QueuedJob] = []
        var justEnded = false
        if isThrough {
            if let whenDone, try insert([whenDone]).contains(whenDone.envelope.id.rawValue) {
                followUps = [whenDone]
            } else {
                justEnded = try execute(Statement.batchComplete, [.uuid(batch)]) == 1
                if justEnded { try note(.batchCompleted, of: batch) }
            }
        }
        return StepOutcome(
            asset: try asset.map { try self.asset($0) }, batch: try self.batch(batch), followUps: followUps,
            batchJustEnded: justEnded)
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
