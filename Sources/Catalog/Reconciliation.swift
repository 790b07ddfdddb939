public import Foundation
public import Model
import Postgres

/// What a reconciler asks, to bring Redis and the record together again.
extension Catalog {
    /// Where a walk through the unfinished jobs stands.
    public struct UnfinishedCursor: Sendable, Hashable {
        let time: Date
        let id: String
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
                [.double(age.inSeconds), .optional(cursor?.time), .optional(cursor?.id), .int(limit)])
            let next =
                try rows.count < limit
                ? nil
                : rows.last.map { row in
                    UnfinishedCursor(time: try row["enqueued_at"], id: try row["id"])
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

    /// Ends an unfinished asset whose job ended without a worker: lost too often, expired, or discarded by hand.
    ///
    /// - Returns: nil when the asset was final already.
    public func settleAsset(
        _ id: UUID, status: AssetStatus, error: RecordedError, whenDone: QueuedJob?
    ) async throws -> StepOutcome? {
        precondition(status.isFinal && status != .completed, "only a failure can be settled without a worker")
        return try await pool.transaction { transaction in
            let batch = try transaction.asset(id).batch
            guard let running = try transaction.lockBatch(batch), running == .processing else { return nil }
            guard try !transaction.asset(id).status.isFinal else { return nil }
            try transaction.finish(id, status, error, nil)
            let isThrough = try transaction.count(status, in: batch)
            return try transaction.close(batch, if: isThrough, whenDone, asset: id)
        }
    }

    /// Counts a stuck batch's assets anew and closes it if they are all final.
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
                return StepOutcome(
                    asset: nil, batch: try transaction.batch(id), followUps: [], batchJustEnded: ended == 1)
            }
            return try transaction.close(id, if: true, whenDone, asset: nil)
        }
    }
}

extension Transaction {
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
            }
        }
        return StepOutcome(
            asset: try asset.map { try self.asset($0) }, batch: try self.batch(batch), followUps: followUps,
            batchJustEnded: justEnded)
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
