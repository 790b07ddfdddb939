import Foundation
public import Model
import Postgres

extension Catalog {
    /// Records jobs before they are put on their queues. An id that is recorded already is left as it is.
    ///
    /// - Returns: ids that are new, in the given order.
    @discardableResult
    public func recordJobs(_ jobs: [QueuedJob]) async throws -> [JobID] {
        try await pool.transaction { transaction in
            let new = try transaction.insert(jobs)
            return jobs.map(\.envelope.id).filter { new.contains($0.rawValue) }
        }
    }

    /// - Parameter tenant: nil for the fleet itself.
    /// - Throws: ``CatalogError`` `.notFound(.job)` also for jobs that were put on a queue without being recorded.
    public func job(_ id: JobID, tenant: String?) async throws -> JobRecord {
        try await pool.withConnection { connection in
            try JobRecord(
                try found(connection.query(Statement.jobById, [.text(id.rawValue), .optional(tenant)]), .job))
        }
    }

    /// Notes that a single job runs. False: it is not recorded, over, or a newer claim has it.
    @discardableResult
    public func jobStarted(_ claim: JobClaim) async throws -> Bool {
        try await pool.withConnection { connection in
            try connection.execute(
                Statement.jobBegin, [.text(claim.job.rawValue), .int(claim.attempt), .int(claim.fence)]) == 1
        }
    }

    /// Notes how a single job ended: `done`, `dead` or `cancelled`.
    ///
    /// - Parameter claim: nil when it ended without running, as the queue itself tells.
    /// - Returns: false when it is not recorded, was over before, or a newer claim has it.
    @discardableResult
    public func jobEnded(
        _ id: JobID, claim: JobClaim?, state: JobState, result: JSONValue? = nil, error: RecordedError? = nil
    ) async throws -> Bool {
        precondition(state.isFinal, "a job ends in a final state")
        let result = try result.map { PostgresValue.text(try JSON.string($0)) } ?? .null
        return try await pool.transaction { transaction in
            let fence = try claim?.fence ?? transaction.lockJob(id)?.fence ?? 0
            return try transaction.execute(
                Statement.jobEnd,
                [
                    .text(id.rawValue), .text(state.rawValue), .int(claim?.attempt ?? 0), .int(fence), result,
                    .optional(error?.code), .optional(error?.message),
                ]) == 1
        }
    }

    /// Notes that no worker knows the job's kind yet.
    public func jobParked(_ id: JobID, reason: String) async throws {
        try await pool.withConnection { connection in
            try connection.execute(Statement.jobPark, [.text(id.rawValue), .text(reason)])
            return
        }
    }

    /// Makes a dead or cancelled job ready to run again; its asset and batch are opened again with it.
    ///
    /// - Returns: the job to enqueue.
    /// - Throws: ``CatalogError`` `.notRetryable`, `.wrongStatus` (the batch is cancelled), `.batchIsClosing`,
    ///   `.notFound`.
    public func retryJob(_ id: JobID, tenant: String?) async throws -> QueuedJob {
        try await pool.transaction { transaction in
            guard let job = try transaction.job(id, tenant: tenant) else { throw CatalogError.notFound(.job) }
            if let batch = job.batch {
                guard let status = try transaction.lockBatch(batch) else { throw CatalogError.notFound(.batch) }
                guard status != .cancelled else { throw CatalogError.wrongStatus(status) }
            }
            guard let locked = try transaction.lockJob(id) else { throw CatalogError.notFound(.job) }
            guard locked.state == .dead || locked.state == .cancelled else {
                throw CatalogError.notRetryable(locked.state)
            }
            if let batch = job.batch { try transaction.reopen(batch, for: job) }
            try transaction.execute(Statement.effectsDelete, [.text(id.rawValue)])
            try transaction.execute(Statement.jobRequeue, [.text(id.rawValue)])
            return job.job
        }
    }
}

extension Transaction {
    /// Closing jobs of the batch are forgotten, so that they run again when the asset is finished anew.
    fileprivate mutating func reopen(_ batch: UUID, for job: JobRecord) throws {
        var stillFailed: Int64 = 0
        if let image = job.job.asset {
            guard try query(Statement.batchJobsRunning, [.uuid(batch)]).isEmpty else {
                throw CatalogError.batchIsClosing
            }
            stillFailed = Int64(try execute(Statement.imageReopen, [.uuid(image), .optional(job.job.step)]))
            guard stillFailed == 1 else { throw CatalogError.notRetryable(job.state) }
        }
        try execute(Statement.batchJobsDelete, [.uuid(batch), .text(job.id.rawValue)])
        try execute(Statement.batchReopen, [.uuid(batch), .int(stillFailed)])
    }
}
