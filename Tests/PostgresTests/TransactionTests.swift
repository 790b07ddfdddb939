import Postgres
import Testing

@Suite("Transactions")
struct TransactionTests {
    @Test("What throws is rolled back; a savepoint undoes only its part")
    func rollback() async throws {
        struct Stop: Error {}
        try await withDatabase { pool in
            try await pool.withConnection { connection in
                try connection.execute("CREATE TABLE t (n int UNIQUE)")
                return
            }
            await #expect(throws: Stop.self) {
                try await pool.transaction { transaction in
                    try transaction.execute("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            try await pool.transaction { transaction in
                try transaction.execute("INSERT INTO t VALUES (2)")
                #expect(throws: PostgresError.self) {
                    try transaction.savepoint { inner in
                        try inner.execute("INSERT INTO t VALUES (3)")
                        try inner.execute("INSERT INTO t VALUES (2)")
                    }
                }
                try transaction.execute("INSERT INTO t VALUES (4)")
            }
            let numbers: [Int] = try await pool.withConnection { connection in
                try connection.query("SELECT n FROM t ORDER BY n").map { try $0["n"] }
            }
            #expect(numbers == [2, 4])
        }
    }

    @Test("Colliding serializable transactions are run again until each has counted once")
    func serialization() async throws {
        try await withDatabase(connections: 4, options: { $0.maxTransactionAttempts = 50 }) { pool in
            try await pool.withConnection { connection in
                try connection.execute("CREATE TABLE t (n int)")
                try connection.execute("INSERT INTO t VALUES (0)")
                return
            }
            let runs = Counter()
            try await withThrowingDiscardingTaskGroup { group in
                for _ in 0..<40 {
                    group.addTask {
                        try await pool.transaction(.serializable) { transaction in
                            runs.increment()
                            let n: Int = try #require(try transaction.query("SELECT n FROM t").first)["n"]
                            try transaction.execute("UPDATE t SET n = $1", [.int(n + 1)])
                        }
                    }
                }
            }
            let total: Int = try await pool.withConnection { connection in
                try #require(try connection.query("SELECT n FROM t").first)["n"]
            }
            #expect(total == 40)
            let runCount = runs.value
            #expect(runCount >= 40)
        }
    }

    @Test("A deadlock is resolved by running one side again")
    func deadlock() async throws {
        try await withDatabase(connections: 2) { pool in
            try await pool.withConnection { connection in
                try connection.execute("CREATE TABLE t (id int, n int)")
                try connection.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
                return
            }
            try await withThrowingDiscardingTaskGroup { group in
                for order in [[1, 2], [2, 1]] {
                    group.addTask {
                        try await pool.transaction { transaction in
                            for id in order {
                                try transaction.execute("UPDATE t SET n = n + 1 WHERE id = $1", [.int(id)])
                                try transaction.query("SELECT pg_sleep(0.1)")
                            }
                        }
                    }
                }
            }
            let sum: Int = try await pool.withConnection { connection in
                try #require(try connection.query("SELECT sum(n) AS s FROM t").first)["s"]
            }
            #expect(sum == 4)
        }
    }
}
