import Postgres

/// A schema of its own holds a record apart from the one that the same database has already: connections whose URL says
/// `options=-csearch_path=<name>` see nothing else, and ``Catalog/migrate()`` fills it.
extension Catalog {
    /// - Parameter name: 1–63 of `a–z0–9_`.
    public func createSchema(_ name: String) async throws { try await run(Statement.schemaCreate, on: name) }

    /// Removes the schema with everything in it; one that is not there is no error.
    public func dropSchema(_ name: String) async throws { try await run(Statement.schemaDrop, on: name) }

    private func run(_ statement: String, on schema: String) async throws {
        let isPlain = schema.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        precondition(isPlain && (1...63).contains(schema.utf8.count), "not a name for a schema of ours")
        try await pool.withConnection { connection in
            try connection.runScript(statement.replacing("schema_name", with: schema))
        }
    }
}
