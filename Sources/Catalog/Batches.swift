public import Foundation
public import Model
import Postgres

extension Catalog {
    /// Records a new batch, or finds the one that was made with the same idempotency key before.
    ///
    /// - Throws: ``CatalogError`` `.idempotencyConflict` when the key was used for another request, or
    ///   `.notFound(.tenant)`.
    public func createBatch(_ new: NewBatch, tenant: String) async throws -> (batch: Batch, isNew: Bool) {
        let options = try JSON.string(new.options)
        do {
            return try await pool.transaction { transaction in
                let id = UUID()
                if let idempotency = new.idempotency {
                    let values: [PostgresValue] = [.text(tenant), .text(idempotency.key)]
                    // A second request with this key waits here until the first one has committed.
                    let isFirst = try transaction.execute(
                        Statement.idempotencyInsert, values + [.uuid(id), .bytes(idempotency.requestHash)])
                    if isFirst == 0 {
                        let row = try found(transaction.query(Statement.idempotencyByKey, values), .batch)
                        guard try row["request_hash"] == idempotency.requestHash else {
                            throw CatalogError.idempotencyConflict
                        }
                        return (try transaction.batch(try row["batch_id"], tenant: tenant), false)
                    }
                }
                try transaction.execute(
                    Statement.batchInsert,
                    [
                        .uuid(id), .text(tenant), .text(new.recipe), .textArray(new.keywords), .json(options),
                        .optional(new.callbackURL), .optional(new.idempotency?.key),
                    ])
                return (try transaction.batch(id), true)
            }
        } catch let error as PostgresError {
            if case .foreignKeyViolation = error.kind { throw CatalogError.notFound(.tenant) }
            throw error
        }
    }

    /// - Parameter tenant: nil for the fleet itself; a batch of another tenant is not found.
    public func batch(_ id: UUID, tenant: String?) async throws -> Batch {
        try await pool.withConnection { connection in
            try Batch(
                try found(connection.query(Statement.batchById, [.uuid(id), .optional(tenant)]), .batch))
        }
    }

    /// A tenant's batches, newest first.
    ///
    /// - Parameter limit: 1…1000 items a page.
    public func batches(
        tenant: String, status: BatchStatus? = nil, limit: Int = 50, after cursor: PageCursor? = nil
    ) async throws -> CatalogPage<Batch> {
        let limit = min(max(limit, 1), 1_000)
        return try await pool.withConnection { connection in
            let rows = try connection.query(
                Statement.batchesPage,
                [
                    .text(tenant), .optional(status?.rawValue), .optional(cursor?.time), .optional(cursor?.id),
                    .int(limit + 1),
                ])
            let items = try rows.prefix(limit).map { try Batch($0) }
            let next = rows.count > limit ? items.last.map { PageCursor(time: $0.createdAt, id: $0.id) } : nil
            return CatalogPage(items: items, next: next)
        }
    }

    /// Starts a pending batch: all its assets are processing, and the first job of each is recorded. What is to be
    /// announced of it is ``untold(ofBatch:)``.
    ///
    /// - Parameter firstJob: makes the first job of an asset; its `step` and `asset` must be set.
    /// - Returns: the batch, and the jobs to enqueue: none when it had been started before.
    /// - Throws: ``CatalogError`` `.emptyBatch`, `.notFound`, or `.wrongStatus` for a cancelled batch.
    public func startBatch(
        _ id: UUID, tenant: String?, firstJob: @escaping @Sendable (Asset) throws -> QueuedJob
    ) async throws -> (batch: Batch, jobs: [QueuedJob]) {
        try await pool.transaction { transaction in
            guard let status = try transaction.lockBatch(id, tenant: tenant) else {
                throw CatalogError.notFound(.batch)
            }
            guard status == .pending else {
                if status == .cancelled { throw CatalogError.wrongStatus(status) }
                return (try transaction.batch(id), [])
            }
            let rows = try transaction.query(Statement.imagesPage, [.uuid(id), 0, nil, .int(Int64(Int32.max))])
            guard !rows.isEmpty else { throw CatalogError.emptyBatch }
            let jobs = try transaction.assets(Array(rows)).map(firstJob)
            try transaction.execute(
                Statement.imagesStart,
                [
                    .uuid(id), .uuidArray(jobs.compactMap(\.asset)), .textArray(jobs.compactMap(\.step)),
                ])
            try transaction.execute(Statement.batchStart, [.uuid(id)])
            try transaction.insert(jobs)
            try transaction.note(.batchProcessingStarted, of: id)
            return (try transaction.batch(id), jobs)
        }
    }

    /// Cancels a batch in any status: what is unfinished stops, and nothing is recorded for it any more. What is to be
    /// announced of it is ``untold(ofBatch:)``.
    public func cancelBatch(_ id: UUID, tenant: String?) async throws -> Batch {
        try await pool.transaction { transaction in
            guard let status = try transaction.lockBatch(id, tenant: tenant) else {
                throw CatalogError.notFound(.batch)
            }
            try transaction.execute(Statement.imagesCancel, [.uuid(id)])
            try transaction.execute(Statement.jobsCancelBatch, [.uuid(id)])
            try transaction.execute(Statement.batchCancel, [.uuid(id)])
            if status != .cancelled { try transaction.note(.batchCancelled, of: id) }
            return try transaction.batch(id)
        }
    }

    /// Jobs of a batch that are recorded as cancelled: to be cancelled on their queues.
    public func cancelledJobs(ofBatch id: UUID) async throws -> [JobID] {
        try await pool.withConnection { connection in
            try connection.query(Statement.batchJobsCancelled, [.uuid(id)]).compactMap { JobID(try $0["id"]) }
        }
    }

    /// Every storage key that the batch's rows refer to: originals, variants, export.
    public func storageKeys(ofBatch id: UUID) async throws -> [String] {
        try await pool.withConnection { connection in
            try connection.query(Statement.batchKeys, [.uuid(id)]).map { try $0["key"] }
        }
    }

    /// Forgets a batch with all its rows. Remove its bytes first: ``storageKeys(ofBatch:)``.
    public func deleteBatch(_ id: UUID, tenant: String?) async throws {
        let count = try await pool.transaction { transaction in
            try transaction.execute(Statement.batchDelete, [.uuid(id), .optional(tenant)])
        }
        guard count == 1 else { throw CatalogError.notFound(.batch) }
    }
}
