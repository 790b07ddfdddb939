import Redis
import TestServers
import Testing

@Suite struct RedisClientTests {
    @Test func servesManyTasksOnFewConnections() async throws {
        let server = try RedisServer.shared.get()
        let client = RedisClient(try RedisURL(server.url), name: "many")
        try await client.send(["DEL", "many"])
        let seen = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<500 { group.addTask { try await client.send(["INCR", "many"]).int ?? 0 } }
            return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
        }
        #expect(seen == Set(1...500))
        let connections = try server.cli("CLIENT", "LIST").split(separator: "\n").filter { $0.contains("name=many") }
        #expect((1...2).contains(connections.count))
        await client.close()
        let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
        #expect(error?.code == .closed)
    }

    @Test func failsTypedWhileTheServerIsAwayAndComesBackWithIt() async throws {
        let server = try RedisServer()
        let client = RedisClient(try RedisURL(server.url), name: "test")
        try await client.send(["PING"])
        server.kill()
        for _ in 0..<20 {
            let error = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
            #expect(error?.breaksConnection == true)
        }
        try server.start()
        let start = ContinuousClock.now
        while (try? await client.send(["PING"])) == nil {
            #expect(ContinuousClock.now - start < .seconds(2))
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func repeatsOnABrokenConnectionOnlyWhereItMay() async throws {
        let server = try RedisServer()
        let client = RedisClient(try RedisURL(server.url), name: "test", lanes: 1)
        try await client.send(["PING"])
        try server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        #expect(try await client.send(["PING"], idempotent: true) == .status("PONG"))
        try server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await #expect(throws: RedisError.self) { try await client.send(["INCR", "x"]) }
        #expect(try await client.send(["INCR", "x"]) == .integer(1))
    }

    @Test func aBlockedLaneDoesNotBlockTheCooperativePool() async throws {
        let server = try RedisServer.shared.get()
        let url = try RedisURL(server.url)
        let blocked = RedisClient(url, name: "test", lanes: 16, timeouts: RedisTimeouts(command: .seconds(30)))
        let other = RedisClient(url, name: "test", lanes: 1)
        // More blocked commands than the pool has threads; only a free thread can push what they wait for.
        let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 { group.addTask { try await blocked.send(["BLPOP", "lanes", "20"]).isNull } }
            try await Task.sleep(for: .milliseconds(50))
            for number in 0..<16 { try await other.send(["RPUSH", "lanes", .int(number)]) }
            return try await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(answers == [Bool](repeating: false, count: 16))
    }
}
