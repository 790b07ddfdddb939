import Postgres
import TestServers
import Testing

@Suite("Errors")
struct ErrorTests {
    static let table = """
        CREATE TABLE people (name text CONSTRAINT people_one_name UNIQUE, age int CONSTRAINT people_age CHECK (age > 0),
                             friend text CONSTRAINT people_friend REFERENCES people (name))
        """

    @Test(
        "Violations carry the constraint's name and no value",
        arguments: [
            ("secret-ann", 1, nil, PostgresError.Kind.uniqueViolation(constraint: "people_one_name")),
            ("secret-bob", -1, nil, .checkViolation(constraint: "people_age")),
            ("secret-bob", 1, "secret-nobody", .foreignKeyViolation(constraint: "people_friend")),
        ])
    func violations(name: String, age: Int, friend: String?, kind: PostgresError.Kind) async throws {
        try await withDatabase { pool in
            let failure = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { connection in
                    try connection.execute(Self.table)
                    let insert = "INSERT INTO people VALUES ($1, $2, $3)"
                    try connection.execute(insert, ["secret-ann", 1, nil])
                    try connection.execute(insert, [.text(name), .int(age), .optional(friend)])
                    return
                }
            }
            #expect(failure?.kind == kind)
            #expect(failure?.description.contains("secret") == false)
        }
    }

    @Test("Wrong input and wrong SQL tell the SQLSTATE; input is not quoted")
    func states() async throws {
        try await withDatabase { pool in
            let failures = try await pool.withConnection { connection in
                var failures: [PostgresError] = []
                for (sql, value) in [("SELECT $1::uuid", "secret"), ("SELEC 1", ""), ("SELECT * FROM missing", "")] {
                    do throws(PostgresError) {
                        try connection.query(sql, value.isEmpty ? [] : [.text(value)])
                    } catch { failures.append(error) }
                }
                return failures
            }
            #expect(
                failures.map(\.kind) == [
                    .server(sqlState: "22P02"), .server(sqlState: "42601"), .server(sqlState: "42P01"),
                ])
            #expect(!failures.map(\.description).joined().contains("secret"))
        }
    }

    @Test("A statement over its limit is cancelled, and the connection goes on")
    func statementTimeout() async throws {
        try await withDatabase(connections: 1, options: { $0.statementTimeout = .milliseconds(100) }) { pool in
            let kind = await kindOfFailure {
                try await pool.withConnection { connection in
                    try connection.query("SELECT pg_sleep(5)")
                    return
                }
            }
            #expect(kind == .statementTimeout)
            let name: String = try await pool.withConnection { connection in
                try #require(try connection.query("SELECT current_setting('application_name') AS name").first)["name"]
            }
            #expect(name == "flotilla")
        }
    }

    @Test(
        "Nobody there, or no URL: typed, and the password is not told",
        arguments: [
            ("postgres://me:hunter2@127.0.0.1:1/x", PostgresError.Kind.connectionLost),
            ("not a url hunter2", .invalidURL), ("postgres://me:hunter2@127.0.0.1:1/x?nonsense=1", .invalidURL),
        ])
    func noServer(url: String, kind: PostgresError.Kind) async throws {
        let pool = PostgresPool(PostgresOptions(url: url), connections: 1)
        let failure = await #expect(throws: PostgresError.self) {
            try await pool.withConnection { connection in
                try connection.query("SELECT 1")
                return
            }
        }
        #expect(failure?.kind == kind)
        #expect(failure?.description.contains("hunter2") == false)
        await pool.close()
    }
}
