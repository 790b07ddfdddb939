public import Foundation
import Model
import Postgres

/// A tenant's key as recorded; the key itself is nowhere.
public struct APIKey: Sendable, Hashable {
    public var id: UUID
    public var tenant: String
    public var name: String
    /// The key's first characters, so that people can tell theirs apart.
    public var prefix: String
    public var scopes: [String]
    public var createdAt: Date
    public var revokedAt: Date?
    /// Exact to a minute.
    public var lastUsedAt: Date?
}

extension Catalog {
    /// Makes a key with 256 random bits.
    ///
    /// - Parameter key: a key made elsewhere, of at least 32 characters; nil: a new one.
    /// - Returns: the record, and the key in clear text: it cannot be had again.
    /// - Throws: ``CatalogError`` `.notFound(.tenant)`.
    public func createAPIKey(
        tenant: String, name: String, scopes: [String], key: String? = nil
    ) async throws -> (record: APIKey, key: String) {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let clear = key ?? "flt_" + SHA256.hexadecimal(digest: random)
        let hash = SHA256.hash(Array(clear.utf8))
        do {
            let record = try await pool.transaction { transaction in
                try transaction.execute(
                    Statement.apiKeyInsert,
                    [
                        .uuid(UUID()), .text(tenant), .text(name), .bytes(hash), .text(String(clear.prefix(8))),
                        .textArray(scopes),
                    ])
                return try APIKey(try found(transaction.query(Statement.apiKeyByHash, [.bytes(hash)]), .apiKey))
            }
            return (record, clear)
        } catch let error as PostgresError {
            if case .foreignKeyViolation = error.kind { throw CatalogError.notFound(.tenant) }
            throw error
        }
    }

    /// The key's record, unless it is unknown or revoked. Notes the use.
    public func apiKey(matching key: String) async throws -> APIKey? {
        let hash = SHA256.hash(Array(key.utf8))
        return try await pool.withConnection { connection in
            guard let row = try connection.query(Statement.apiKeyByHash, [.bytes(hash)]).first else { return nil }
            let record = try APIKey(row)
            try connection.execute(Statement.apiKeyTouch, [.uuid(record.id)])
            return record
        }
    }

    /// A tenant's keys, oldest first, revoked ones too.
    public func apiKeys(tenant: String) async throws -> [APIKey] {
        try await pool.withConnection { connection in
            try connection.query(Statement.apiKeysOfTenant, [.text(tenant)]).map { try APIKey($0) }
        }
    }

    /// Ends a key at once. Harmless when called again.
    public func revokeAPIKey(_ id: UUID, tenant: String) async throws {
        let changed = try await pool.withConnection { connection in
            try connection.execute(Statement.apiKeyRevoke, [.uuid(id), .text(tenant)])
        }
        guard changed == 1 else { throw CatalogError.notFound(.apiKey) }
    }
}

extension APIKey {
    init(_ row: PostgresRow) throws {
        id = try row["id"]
        tenant = try row["tenant_id"]
        name = try row["name"]
        prefix = try row["prefix"]
        scopes = try row["scopes"]
        createdAt = try row["created_at"]
        revokedAt = try row["revoked_at"]
        lastUsedAt = try row["last_used_at"]
    }
}

/// The only row of a look-up by id.
func found(_ rows: PostgresRows, _ subject: CatalogError.Subject) throws(CatalogError) -> PostgresRow {
    guard let row = rows.first else { throw .notFound(subject) }
    return row
}
