import Logging
import Model
import Postgres

extension Catalog {
    /// The schema's history, oldest first. Add at the end; never edit one that was released.
    static let migrations: [Migration] = [
        Migration(name: "0001_init", sql: Statement.text(PackageResources.migration_0001_init_sql)),
        Migration(name: "0002_quarantine", sql: Statement.text(PackageResources.migration_0002_quarantine_sql)),
        Migration(name: "0003_fence_epochs", sql: Statement.text(PackageResources.migration_0003_fence_epochs_sql)),
        Migration(name: "0004_untold", sql: Statement.text(PackageResources.migration_0004_untold_sql)),
    ]

    /// Brings the schema up to date. Any number of processes may call it at the same moment: one works, the others wait.
    ///
    /// - Returns: names of the migrations that this call applied.
    /// - Throws: ``CatalogError`` `.migrationChanged` or `.unknownMigration`, with nothing applied.
    @discardableResult
    public func migrate() async throws -> [String] { try await migrate(Self.migrations) }

    func migrate(_ migrations: [Migration]) async throws -> [String] {
        let applied = try await pool.transaction { transaction in
            try transaction.query(Statement.migrationsLock)
            try transaction.execute(Statement.migrationsTable)
            var recorded: [String: String] = [:]
            for row in try transaction.query(Statement.migrationsApplied) {
                recorded[try row["name"]] = try row["sha256"]
            }
            if let unknown = recorded.keys.sorted().first(where: { name in !migrations.contains { $0.name == name } }) {
                throw CatalogError.unknownMigration(unknown)
            }
            var applied: [String] = []
            for migration in migrations {
                if let checksum = recorded[migration.name] {
                    guard checksum == migration.checksum else { throw CatalogError.migrationChanged(migration.name) }
                    continue
                }
                try transaction.runScript(migration.sql)
                try transaction.execute(
                    Statement.migrationRecord, [.text(migration.name), .text(migration.checksum)])
                applied.append(migration.name)
            }
            return applied
        }
        for name in applied { logger.info("Migration applied", metadata: ["migration": "\(name)"]) }
        return applied
    }
}

/// One step of the schema's history.
struct Migration: Sendable {
    let name: String
    let sql: String

    /// SHA-256 of the text, lower-case hex.
    var checksum: String { SHA256.hexadecimal(Array(sql.utf8)) }
}
