public import Logging
public import Postgres

/// The record in PostgreSQL: what was accepted, what was done with it, and what is left to do.
///
/// Call ``migrate()`` before anything else. Every call is one transaction; calls throw ``CatalogError`` for what the
/// caller can act on and `PostgresError` for trouble with the database.
public struct Catalog: Sendable {
    let pool: PostgresPool
    let logger: Logger

    public init(pool: PostgresPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    /// Whether the database answers: for readiness checks.
    public func ping() async throws {
        try await pool.withConnection { connection in
            try connection.execute("SELECT 1")
            return
        }
    }
}

/// One page of a list. `next` continues it; nil: this was the last one.
public struct CatalogPage<Item: Sendable>: Sendable {
    public var items: [Item]
    public var next: PageCursor?
}
