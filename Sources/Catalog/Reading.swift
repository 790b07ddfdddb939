import Foundation
import Model
import Postgres

/// Reads shared by calls that are in the middle of a transaction.
extension Transaction {
    mutating func batch(_ id: UUID, tenant: String? = nil) throws -> Batch {
        try Batch(try found(query(Statement.batchById, [.uuid(id), .optional(tenant)]), .batch))
    }

    /// Locks the batch until the transaction ends and returns its status; nil when there is none.
    ///
    /// Whoever locks a batch, its images and its jobs does so in this order.
    mutating func lockBatch(_ id: UUID, tenant: String? = nil) throws -> BatchStatus? {
        guard let row = try query(Statement.batchLock, [.uuid(id), .optional(tenant)]).first else { return nil }
        return try known(BatchStatus(rawValue: try row["status"]), "status")
    }

    mutating func asset(_ id: UUID, tenant: String? = nil) throws -> Asset {
        let row = try found(query(Statement.imageById, [.uuid(id), .optional(tenant)]), .asset)
        return try assets([row])[0]
    }

    /// The rows as assets, with their variants.
    mutating func assets(_ rows: [PostgresRow]) throws -> [Asset] {
        let ids: [UUID] = try rows.map { try $0["id"] }
        var variants: [UUID: [StoredVariant]] = [:]
        for row in try query(Statement.variantsOfImages, [.uuidArray(ids)]) {
            variants[try row["image_id"], default: []].append(try StoredVariant(row))
        }
        return try zip(ids, rows).map { id, row in try Asset(row, variants: variants[id] ?? []) }
    }

    mutating func job(_ id: JobID, tenant: String? = nil) throws -> JobRecord? {
        try query(Statement.jobById, [.text(id.rawValue), .optional(tenant)]).first.map { try JobRecord($0) }
    }

    /// Locks the job until the transaction ends.
    mutating func lockJob(_ id: JobID) throws -> (state: JobState, fence: Int64)? {
        guard let row = try query(Statement.jobLock, [.text(id.rawValue)]).first else { return nil }
        return (try known(JobState(rawValue: try row["state"]), "state"), try row["fence"])
    }

    /// Records jobs as queued. One with an id that exists is left as it is.
    ///
    /// - Returns: ids that are new.
    @discardableResult
    mutating func insert(_ jobs: [QueuedJob]) throws -> Set<String> {
        var new: Set<String> = []
        for start in stride(from: 0, to: jobs.count, by: 1_000) {
            let slice = jobs[start..<min(start + 1_000, jobs.count)]
            let rows = try query(
                Statement.jobsInsert,
                [
                    .textArray(slice.map(\.envelope.id.rawValue)), .textArray(slice.map(\.queue.rawValue)),
                    .textArray(slice.map(\.envelope.kind)), .textArray(slice.map(\.envelope.tenant)),
                    .textArray(slice.map { $0.envelope.batch?.uuidString ?? "" }),
                    .textArray(slice.map { $0.asset?.uuidString ?? "" }), .textArray(slice.map { $0.step ?? "" }),
                    .textArray(try slice.map { String(decoding: try $0.envelope.wire(), as: UTF8.self) }),
                ])
            for row in rows { new.insert(try row["id"]) }
        }
        return new
    }
}
