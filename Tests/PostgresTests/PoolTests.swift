import Foundation
import Postgres
import TestServers
import Testing

@Suite("Pool")
struct PoolTests {
    @Test("No more connections than asked for, and all calls are served")
    func bounded() async throws {
        try await withDatabase(connections: 3) { pool in
            let sessions = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            try #require(try connection.query("SELECT pg_backend_pid() AS p").first)["p"]
                        }
                    }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect((1...3).contains(sessions.count))
        }
    }

    @Test("A call waits for a free connection up to the limit, then is refused")
    func waitLimit() async throws {
        try await withDatabase(connections: 1, waitLimit: .milliseconds(80)) { pool in
            let gate = Gate()
            async let long: Void = pool.withConnection { _ in gate.hold() }
            await gate.whenReached()
            // The connection stays busy until the gate opens: only the limit can end this call.
            #expect(await kindOfFailure { try await pool.withConnection { _ in } } == .noFreeConnection)
            gate.open()
            try await long
        }
    }

    @Test("A cancelled task stops waiting; its body never runs")
    func cancelled() async throws {
        try await withDatabase(connections: 1) { pool in
            let gate = Gate()
            async let long: Void = pool.withConnection { _ in gate.hold() }
            await gate.whenReached()
            let runs = Counter()
            await withTaskGroup { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await pool.withConnection { _ in _ = runs.increment() }
                    }
                }
                try? await Task.sleep(for: .milliseconds(30))
                group.cancelAll()
            }
            gate.open()
            try await long
            try await pool.withConnection { _ in }
            #expect(runs.value == 0)
        }
    }

    @Test("After a server restart, killed or in order, the next calls work", arguments: [false, true])
    func restart(killed: Bool) async throws {
        let server = try PostgresServer()
        let pool = PostgresPool(PostgresOptions(url: try server.makeDatabase()), connections: 2)
        try await pool.withConnection { connection in
            // The tests' servers answer a commit before it is written down, which a kill would undo.
            try connection.execute("SET synchronous_commit = on")
            try connection.execute("CREATE TABLE t (n int)")
            return
        }
        if killed { server.kill() } else { server.stop() }
        let away = await kindOfFailure { try await pool.transaction { _ in } }
        #expect(away == .connectionLost)
        try server.start()
        for n in 0..<8 {
            try await pool.transaction { transaction in
                try transaction.execute("INSERT INTO t VALUES ($1)", [.int(n)])
                return
            }
        }
        #expect(try server.psql("SELECT count(*) FROM t", database: "test_\(getpid())_1") == "8")
        await pool.close()
    }

    @Test("A session ended by the server inside a transaction: the transaction is run again, once in effect")
    func terminated() async throws {
        try await withDatabase(connections: 2) { pool in
            try await pool.withConnection { connection in
                try connection.execute("CREATE TABLE t (n int)")
                return
            }
            let runs = Counter()
            try await pool.transaction { transaction in
                let run = runs.increment()
                try transaction.execute("INSERT INTO t VALUES (1)")
                if run == 1 { try transaction.query("SELECT pg_terminate_backend(pg_backend_pid())") }
            }
            let count: Int = try await pool.withConnection { connection in
                try #require(try connection.query("SELECT count(*) AS c FROM t").first)["c"]
            }
            #expect(count == 1)
            let runCount = runs.value
            #expect(runCount == 2)
        }
    }

    @Test("A server that falls silent in the middle of a statement counts as lost")
    func silent() async throws {
        let server = try PostgresServer()
        let options = PostgresOptions(url: try server.makeDatabase(), statementTimeout: .milliseconds(200))
        let pool = PostgresPool(options, connections: 1)
        let kind = await kindOfFailure {
            try await pool.withConnection { connection in
                let pid: Int = try #require(try connection.query("SELECT pg_backend_pid() AS p").first)["p"]
                kill(pid_t(pid), SIGSTOP)
                defer { kill(pid_t(pid), SIGCONT) }
                try connection.query("SELECT 1")
            }
        }
        #expect(kind == .connectionLost)
        try await pool.withConnection { connection in
            try connection.query("SELECT 1")
            return
        }
        await pool.close()
    }

    @Test("A closed pool refuses calls and leaves no session behind")
    func closed() async throws {
        let url = try PostgresServer.shared.get().makeDatabase()
        let pool = PostgresPool(PostgresOptions(url: url, applicationName: "closing"), connections: 2)
        try await pool.withConnection { _ in }
        await pool.close()
        #expect(await kindOfFailure { try await pool.withConnection { _ in } } == .closed)
        let watcher = PostgresPool(PostgresOptions(url: url), connections: 1)
        var left = 1
        for _ in 0..<500 where left > 0 {
            left = try await watcher.withConnection { connection in
                try #require(
                    try connection.query(
                        "SELECT count(*) AS c FROM pg_stat_activity WHERE application_name = 'closing'"
                    ).first)["c"]
            }
            if left > 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(left == 0)
        await watcher.close()
    }
}
