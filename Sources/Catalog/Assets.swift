public import Foundation
public import Model
import Postgres

extension Catalog {
    /// Adds a file to a pending batch. The same original name again replaces the file, as PUT does.
    ///
    /// - Parameter keepsSameNames: adds a second asset where the original name is there already: for sources with
    ///   sub-folders.
    /// - Throws: ``CatalogError`` `.wrongStatus` once the batch is started, `.tooManyAssets`, `.batchTooLarge`,
    ///   `.quotaExceeded`, `.notFound`. The caller then removes the stored bytes.
    public func addAsset(
        _ new: NewAsset, toBatch batch: UUID, tenant: String?, limits: BatchLimits = BatchLimits(),
        keepsSameNames: Bool = false
    ) async throws -> AddedAsset {
        try await pool.transaction { transaction in
            guard let status = try transaction.lockBatch(batch, tenant: tenant) else {
                throw CatalogError.notFound(.batch)
            }
            guard status == .pending else { throw CatalogError.wrongStatus(status) }
            let sameName: [PostgresValue] = [.uuid(batch), .text(new.originalName)]
            let old = keepsSameNames ? nil : try transaction.query(Statement.imageByOriginalName, sameName).first
            if let old, try old["checksum"] == new.sha256 {
                let asset = try transaction.asset(try old["id"])
                return AddedAsset(
                    asset: asset, isNew: false, obsoleteKey: asset.key == new.key ? nil : new.key)
            }
            let oldBytes: Int64 = try old?["file_size"] ?? 0
            try transaction.check(limits, of: batch, addingAssets: old == nil ? 1 : 0, bytes: new.bytes - oldBytes)
            let counted = try transaction.query(
                Statement.batchAddImage, [.uuid(batch), .int(old == nil ? 1 : 0), .int(new.bytes - oldBytes)])
            let facts: [PostgresValue] = [
                .text(new.key), .int(new.bytes), .text(new.mimeType), .text(new.sha256), .int(Int64(new.crc32)),
            ]
            if let old {
                let id: UUID = try old["id"]
                try transaction.execute(Statement.imageReplace, [.uuid(id)] + facts)
                let oldKey: String = try old["file_path"]
                return AddedAsset(
                    asset: try transaction.asset(id), isNew: false, obsoleteKey: oldKey == new.key ? nil : oldKey)
            }
            let id = UUID()
            let position: Int64 = try found(counted, .batch)["position"]
            try transaction.execute(
                Statement.imageInsert, [.uuid(id), .uuid(batch), .int(position), .text(new.originalName)] + facts)
            return AddedAsset(asset: try transaction.asset(id), isNew: true, obsoleteKey: nil)
        }
    }

    /// - Parameter tenant: nil for the fleet itself; an asset of another tenant is not found.
    public func asset(_ id: UUID, tenant: String?) async throws -> Asset {
        try await pool.transaction { try $0.asset(id, tenant: tenant) }
    }

    /// A batch's assets in order of arrival.
    ///
    /// - Parameter limit: 1…1000 items a page.
    public func assets(
        ofBatch batch: UUID, tenant: String?, status: AssetStatus? = nil, limit: Int = 100,
        after cursor: PageCursor? = nil
    ) async throws -> CatalogPage<Asset> {
        let limit = min(max(limit, 1), 1_000)
        return try await pool.transaction(.repeatableRead) { transaction in
            _ = try transaction.batch(batch, tenant: tenant)
            let rows = try transaction.query(
                Statement.imagesPage,
                [
                    .uuid(batch), .int(min(cursor?.number ?? 0, Int64(Int32.max))), .optional(status?.rawValue),
                    .int(limit + 1),
                ])
            let items = try transaction.assets(Array(rows.prefix(limit)))
            let next = rows.count > limit ? items.last.map { PageCursor(number: Int64($0.position), id: $0.id) } : nil
            return CatalogPage(items: items, next: next)
        }
    }

    /// Gives an asset the name that a person chose; no machine changes it any more.
    ///
    /// - Throws: ``CatalogError`` `.nameTaken`, `.unsafeName`, `.notFound`.
    public func renameAsset(_ id: UUID, to name: String, tenant: String?) async throws -> Asset {
        guard !name.utf8.contains(0) else { throw CatalogError.unsafeName }
        do {
            return try await pool.transaction { transaction in
                try transaction.execute(Statement.imageRename, [.uuid(id), .text(name), .optional(tenant)])
                return try transaction.asset(id, tenant: tenant)
            }
        } catch let error as PostgresError {
            switch error.kind {
            case .uniqueViolation("images_proposed_name_once"): throw CatalogError.nameTaken(name)
            case .checkViolation("images_proposed_name_safe"): throw CatalogError.unsafeName
            default: throw error
            }
        }
    }
}

extension Transaction {
    fileprivate mutating func check(
        _ limits: BatchLimits, of id: UUID, addingAssets: Int, bytes: Int64
    ) throws {
        let batch = try batch(id)
        guard batch.total + addingAssets <= limits.maxAssets else {
            throw CatalogError.tooManyAssets(max: limits.maxAssets)
        }
        guard batch.totalBytes + bytes <= limits.maxBytes else {
            throw CatalogError.batchTooLarge(maxBytes: limits.maxBytes)
        }
        let tenant = try TenantUsage(try found(query(Statement.tenantUsage, [.text(batch.tenant)]), .tenant))
        if let quota = tenant.maxBytes, tenant.storedBytes + bytes > quota {
            throw CatalogError.quotaExceeded(maxBytes: quota)
        }
    }
}
