import Logging
import Postgres
import TestServers
import Testing

@testable import Catalog

@Suite("Migrations")
struct MigrationTests {
    @Test("A second run applies nothing and finds nothing changed")
    func idempotent() async throws {
        try await withCatalog { record async throws in
            #expect(try await record.catalog.migrate() == [])
            #expect(
                try record.psql("SELECT name FROM schema_migrations ORDER BY name")
                    == Catalog.migrations.map(\.name).joined(separator: "\n"))
            #expect(try record.psql("SELECT id FROM tenants") == "default")
        }
    }

    @Test("Eight at the same moment: each migration is applied by exactly one")
    func concurrent() async throws {
        let url = try PostgresServer.shared.get().makeDatabase()
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let pool = PostgresPool(PostgresOptions(url: url), connections: 1)
                    let applied = try await Catalog(pool: pool, logger: Logger(label: "test")).migrate()
                    await pool.close()
                    return applied
                }
            }
            return try await group.reduce([], +)
        }
        #expect(applied.sorted() == Catalog.migrations.map(\.name))
    }

    @Test("A changed, or a newer release's, migration is refused and nothing is applied")
    func changed() async throws {
        try await withCatalog { record async throws in
            let next = Migration(name: "9999_next", sql: "CREATE TABLE later (n int)")
            let edited = Catalog.migrations.map { Migration(name: $0.name, sql: $0.sql + " ") }
            await #expect(throws: CatalogError.migrationChanged(Catalog.migrations[0].name)) {
                try await record.catalog.migrate(edited + [next])
            }
            #expect(try record.psql("SELECT to_regclass('later') IS NULL") == "t")
            #expect(try await record.catalog.migrate(Catalog.migrations + [next]) == ["9999_next"])
            await #expect(throws: CatalogError.unknownMigration("9999_next")) { try await record.catalog.migrate() }
        }
    }

    @Test("A migration that fails half-way leaves nothing behind")
    func atomic() async throws {
        try await withCatalog { record async throws in
            let broken = Migration(name: "9999_broken", sql: "CREATE TABLE half (n int); SELECT nonsense()")
            await #expect(throws: PostgresError.self) {
                try await record.catalog.migrate(Catalog.migrations + [broken])
            }
            #expect(try record.psql("SELECT to_regclass('half') IS NULL") == "t")
        }
    }
}
