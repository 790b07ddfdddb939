import Redis
import TestServers
import Testing

@Suite struct SentinelTests {
    @Test func followsAFailover() async throws {
        let group = try RedisSentinels(password: "secret")
        // A sentinel nobody hears, first in the list.
        let url = try RedisURL(group.url(sentinels: [1] + group.ports) + "/0")
        let client = RedisClient(url, name: "test")
        let subscriber = RedisSubscriber(url, name: "test")
        var events = subscriber.events(on: "news").makeAsyncIterator()
        #expect(await events.next() == .subscribed)
        for _ in 0..<10 { #expect(try await client.send(["INCR", "k"]).int != nil) }
        #expect(try group.servers[0].cli("GET", "k") == "10")
        try await eventually("replicated") { try group.servers[1...].allSatisfy { try $0.cli("GET", "k") == "10" } }

        group.servers[0].kill()
        group.killSentinel(2)
        let start = ContinuousClock.now
        try await eventually("a new primary") { (try? await client.send(["INCR", "k"])) != nil }
        #expect(ContinuousClock.now - start < .seconds(8))
        // The sentinel asked here may be the last to learn of it.
        try await eventually("every sentinel agrees") { try group.primaryPort() != group.servers[0].port }
        let port = try #require(try group.primaryPort())
        let primary = try #require(group.servers.first { $0.port == port })
        #expect(try primary.cli("GET", "k") == "11")
        while await events.next() != .subscribed {}
        try primary.cli("PUBLISH", "news", "hello")
        #expect(await events.next() == .message(channel: "news", payload: Array("hello".utf8)))
        subscriber.close()
    }

    @Test func aDemotedPrimaryIsLeft() async throws {
        let group = try RedisSentinels()
        let client = RedisClient(try RedisURL(group.url), name: "test", lanes: 1)
        try await client.send(["SET", "k", "before"])
        var held = try RedisConnection.open(try RedisURL(group.url), name: "held")
        try await eventually("replicated") { try group.servers[1].cli("GET", "k") == "before" }
        _ = try ChildServer.output(of: [
            "redis-cli", "-p", "\(group.ports[0])", "SENTINEL", "FAILOVER", RedisSentinels.name,
        ])
        try await eventually("a demoted primary") { try group.servers[0].cli("ROLE").hasPrefix("slave") }
        // The sentinels cut connections when they demote; whoever slips through is told READONLY.
        try await eventually("writes again") { (try? await client.send(["SET", "k", "after"])) != nil }
        #expect(throws: RedisError.self) { try held.send("SET", "k", "lost") }
        #expect(held.failure != nil)
        let port = try #require(try group.primaryPort())
        let primary = try #require(group.servers.first { $0.port == port })
        #expect(try primary.cli("GET", "k") == "after")
    }

    @Test func signsInAtSentinelsThatAskForItAndBelievesTheServerOnly() throws {
        let group = try RedisSentinels(password: "secret")
        let sentinel = "127.0.0.1:\(group.ports[0])"
        _ = try ChildServer.output(of: [
            "redis-cli", "-p", "\(group.ports[0])", "SENTINEL", "MONITOR", "stale", "127.0.0.1",
            "\(group.servers[1].port)", "1",
        ])
        _ = try ChildServer.output(of: [
            "redis-cli", "-p", "\(group.ports[0])", "ACL", "SETUSER", "default", "resetpass", ">secret",
        ])
        var connection = try RedisConnection.open(
            try RedisURL("redis+sentinel://:secret@\(sentinel)/\(RedisSentinels.name)"), name: "test")
        #expect(try connection.send("ROLE").array?.first == .bytes(Array("master".utf8)))
        for (place, code, text) in [
            ("redis+sentinel://\(sentinel)/\(RedisSentinels.name)", RedisError.Code.wrongPassword, "NOAUTH"),
            ("redis+sentinel://:wrong@\(sentinel)/\(RedisSentinels.name)", .wrongPassword, "WRONGPASS"),
            ("redis+sentinel://:secret@\(sentinel)/other", .other, "knows no primary other"),
            ("redis+sentinel://:secret@\(sentinel)/stale", .readOnly, "is not the primary stale"),
        ] {
            let url = try RedisURL(place)
            let error = #expect(throws: RedisError.self) { _ = try RedisConnection.open(url, name: "test").clientID }
            #expect(error?.code == code && error?.message.contains(text) == true)
        }
    }
}
