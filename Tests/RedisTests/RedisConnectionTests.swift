import TestServers
import Testing

@testable import Redis

@Suite struct RedisConnectionTests {
    let server: RedisServer
    let url: RedisURL

    init() throws {
        server = try RedisServer.shared.get()
        url = try RedisURL(server.url)
    }

    @Test func encodesCommands() {
        var buffer = CommandBuffer()
        buffer.append("SET", "kü", .int(-1203))
        buffer.append(["GET", .bytes([0, 13, 10])])
        let expected = "*3\r\n$3\r\nSET\r\n$3\r\nkü\r\n$5\r\n-1203\r\n*2\r\n$3\r\nGET\r\n$3\r\n\u{0}\r\n\r\n"
        #expect(buffer.bytes == Array(expected.utf8))
        #expect(buffer.count == 2)
    }

    @Test("Bytes come back as they went", arguments: [0, 1, 65_536, 3_000_000])
    func carriesBytes(count: Int) throws {
        let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var connection = try RedisConnection.open(url, name: "test")
        try connection.send("SET", "bytes-\(count)", .bytes(value))
        #expect(try connection.send("GET", "bytes-\(count)") == .bytes(value))
        #expect(try server.cli("STRLEN", "bytes-\(count)") == "\(count)")
    }

    @Test func answersHaveTypes() throws {
        var connection = try RedisConnection.open(url, name: "test")
        #expect(try connection.send("PING") == .status("PONG"))
        #expect(try connection.send("GET", "no such key") == .null)
        let script: RedisArgument = "return {1, 'two', {3, false}, redis.error_reply('MISCONF odd')}"
        #expect(
            try connection.send("EVAL", script, 0)
                == .array([
                    .integer(1), .bytes(Array("two".utf8)), .array([.integer(3), .null]),
                    .error(RedisError(.misconfigured, "MISCONF odd")),
                ]))
    }

    @Test func pipelineKeepsErrorsApart() throws {
        var connection = try RedisConnection.open(url, name: "test")
        var commands = CommandBuffer()
        commands.append("SET", "pipe", "1")
        commands.append("LPUSH", "pipe", "x")
        commands.append("INCR", "pipe")
        let replies = try connection.pipeline(commands)
        #expect(replies.count == 3)
        #expect(replies[0] == .status("OK") && replies[2] == .integer(2))
        #expect(throws: RedisError.self) { try replies[1].get() }
    }

    @Test(
        "Error replies have a code by their first word",
        arguments: [
            ("READONLY You can't write", RedisError.Code.readOnly), ("LOADING Redis is loading", .loading),
            ("MASTERDOWN Link", .masterDown), ("UNBLOCKED client", .unblocked), ("NOREPLICAS Not", .noReplicas),
            ("CLUSTERDOWN Hash", .clusterDown), ("MISCONF Redis", .misconfigured), ("OOM command", .outOfMemory),
            ("MOVED 1 h:1", .moved), ("NOSCRIPT No", .noScript), ("WRONGPASS invalid", .wrongPassword),
            ("NOAUTH Authentication", .wrongPassword), ("ERR what", .other), ("", .other),
        ])
    func codes(reply: String, code: RedisError.Code) {
        #expect(RedisError(reply: reply).code == code)
    }

    @Test func signsIn() throws {
        let locked = try RedisServer(password: "pass word/@")
        var url = try RedisURL("redis://127.0.0.1:\(locked.port)/2")
        #expect(throws: RedisError.self) { _ = try RedisConnection.open(url, name: "test").clientID }
        url.password = "wrong"
        let error = #expect(throws: RedisError.self) { _ = try RedisConnection.open(url, name: "test").clientID }
        #expect(error?.code == .wrongPassword)
        var connection = try RedisConnection.open(
            try RedisURL("redis://default:pass%20word%2F%40@127.0.0.1:\(locked.port)/2"), name: "te st")
        try connection.send("SET", "k", "v")
        #expect(try locked.cli("-n", "2", "GET", "k") == "v")
        #expect(try locked.cli("CLIENT", "LIST").contains("name=te-st"))
    }

    @Test func aFrozenServerTimesOutAndTheConnectionIsSpent() throws {
        let own = try RedisServer()
        let timeouts = RedisTimeouts(connect: .seconds(1), command: .milliseconds(200))
        var connection = try RedisConnection.open(try RedisURL(own.url), name: "test", timeouts: timeouts)
        own.freeze()
        let start = ContinuousClock.now
        let code = code { try connection.send("PING") }
        #expect(code == .timeout)
        #expect(ContinuousClock.now - start < .seconds(1))
        own.thaw()
        // The late answer must not be taken for the next command's.
        let again = self.code { try connection.send("GET", "x") }
        #expect(again == .timeout)
    }

    @Test func aKilledServerIsSeenAtOnce() throws {
        let own = try RedisServer()
        var connection = try RedisConnection.open(try RedisURL(own.url), name: "test")
        own.kill()
        let code = code { try connection.send("PING") }
        #expect(code == .closed || code == .io)
        let url = try RedisURL(own.url)
        let error = #expect(throws: RedisError.self) { _ = try RedisConnection.open(url, name: "test").clientID }
        #expect(error?.code == .io)
    }

    @Test func blocksLongerThanTheCommandDeadlineWhenAsked() throws {
        let timeouts = RedisTimeouts(command: .milliseconds(200))
        var connection = try RedisConnection.open(url, name: "test", timeouts: timeouts)
        let reply = try connection.send(["BLPOP", "never", "0.5"], blockingFor: .milliseconds(500))
        #expect(reply.isNull)
    }

    @Test func scriptsSurviveAFlushedCache() throws {
        let script = Script(name: "sum", source: Array("return tonumber(ARGV[1]) + #KEYS".utf8))
        var connection = try RedisConnection.open(url, name: "test")
        #expect(try connection.run(script, keys: ["a", "b"], [40]) == .integer(42))
        try server.cli("SCRIPT", "FLUSH")
        #expect(try connection.run(script, keys: ["a"], [1]) == .integer(2))
    }

    @Test func aReplicaSpendsTheConnection() async throws {
        let own = try RedisServer()
        let url = try RedisURL(own.url)
        var connection = try RedisConnection.open(url, name: "test")
        let client = RedisClient(url, name: "test", lanes: 1)
        let before = try await client.send(["CLIENT", "ID"]).int
        try own.cli("REPLICAOF", "127.0.0.1", "1")
        var commands = CommandBuffer()
        for command: RedisArgument in ["GET", "INCR", "GET"] { commands.append(command, "k") }
        #expect(try connection.pipeline(commands).count == 3)
        #expect(connection.failure?.code == .readOnly)
        let code = code { try connection.send("PING") }
        #expect(code == .readOnly)
        _ = try await client.pipeline(commands)
        try own.cli("REPLICAOF", "NO", "ONE")
        #expect(try await client.send(["INCR", "k"]) == .integer(1))
        #expect(try await client.send(["CLIENT", "ID"]).int != before)
    }

    @Test func aPrimaryWithoutReplicasSpendsTheConnection() throws {
        let own = try RedisServer(arguments: ["--min-replicas-to-write", "1"])
        var connection = try RedisConnection.open(try RedisURL(own.url), name: "test")
        let code = code { try connection.send("SET", "k", "v") }
        #expect(code == .noReplicas && connection.failure?.code == .noReplicas)
    }

    @Test func outOfMemoryIsTold() throws {
        let small = try RedisServer(arguments: ["--maxmemory", "1kb", "--maxmemory-policy", "noeviction"])
        var connection = try RedisConnection.open(try RedisURL(small.url), name: "test")
        let code = code { try connection.send("SET", "k", "v") }
        #expect(code == .outOfMemory)
        #expect(try connection.send("PING") == .status("PONG"))
    }

    private func code(_ body: () throws -> RedisValue) -> RedisError.Code? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? RedisError)?.code }
    }
}
