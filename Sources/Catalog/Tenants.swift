public import Foundation
import Postgres

/// A tenant with what it uses.
public struct TenantUsage: Sendable, Hashable {
    public var id: String
    public var name: String
    /// Quota of stored originals; nil: none.
    public var maxBytes: Int64?
    public var batches: Int
    /// Originals of all batches that are not cancelled.
    public var storedBytes: Int64
    public var createdAt: Date
}

extension Catalog {
    /// Creates a tenant, or changes its name and quota.
    public func putTenant(id: String, name: String, maxBytes: Int64? = nil) async throws {
        try await pool.withConnection { connection in
            try connection.execute(Statement.tenantInsert, [.text(id), .text(name), .optional(maxBytes)])
            return
        }
    }

    public func tenantUsage(_ id: String) async throws -> TenantUsage {
        try await pool.withConnection { connection in
            try TenantUsage(try found(connection.query(Statement.tenantUsage, [.text(id)]), .tenant))
        }
    }
}

extension TenantUsage {
    init(_ row: PostgresRow) throws {
        id = try row["id"]
        name = try row["name"]
        maxBytes = try row["max_bytes"]
        batches = try row["batches"]
        storedBytes = try row["stored_bytes"]
        createdAt = try row["created_at"]
    }
}
