import Redis
import TestServers
import Testing

@Suite struct ClusterTests {
    @Test("The owner of the slot is found, whatever node is named first", arguments: [0, 1, 2])
    func findsTheOwner(first: Int) throws {
        let cluster = try RedisCluster.shared.get()
        for owner in 0..<3 {
            let tag = try cluster.tag(on: owner)
            var url = try RedisURL(cluster.url([first]))
            url.tag = tag
            var connection = try RedisConnection.open(url, name: "test")
            try connection.send("SET", .text("{\(tag)}:k"), "v")
            #expect(try cluster.nodes[owner].cli("GET", "{\(tag)}:k") == "v")
        }
    }

    @Test func withoutATagAnyNodeDoes() async throws {
        let cluster = try RedisCluster.shared.get()
        let urls = try (0..<3).map { try RedisURL(cluster.url([$0])) }
        let subscribers = urls.map { RedisSubscriber($0, name: "test") }
        var events = subscribers.map { $0.events(on: "everywhere").makeAsyncIterator() }
        for index in events.indices { #expect(await events[index].next() == .subscribed) }
        try cluster.nodes[1].cli("PUBLISH", "everywhere", "hello")
        for index in events.indices {
            #expect(await events[index].next() == .message(channel: "everywhere", payload: Array("hello".utf8)))
        }
        var connection = try RedisConnection.open(urls[0], name: "test")
        let tag = try cluster.tag(on: 2)
        let error = #expect(throws: RedisError.self) { try connection.send("GET", .text("{\(tag)}")) }
        #expect(error?.code == .moved)
        for subscriber in subscribers { subscriber.close() }
    }

    @Test func aServerOutsideAClusterIsNamed() throws {
        let server = try RedisServer.shared.get()
        let url = try RedisURL("redis+cluster://127.0.0.1:\(server.port)")
        let error = #expect(throws: RedisError.self) { _ = try RedisConnection.open(url, name: "test").clientID }
        #expect(error?.message.contains("cluster support disabled") == true)
    }

    /// All idempotent or not: none of them was run by the node that refused them.
    @Test(arguments: [true, false]) func aPipelineFollowsItsSlot(idempotent: Bool) async throws {
        let cluster = try RedisCluster.start()
        let tag = try cluster.tag(on: 1)
        var url = try RedisURL(cluster.url([2]))
        url.tag = tag
        let client = RedisClient(url, name: "test", lanes: 1)
        let key = RedisArgument.text("{\(tag)}:k")
        #expect(try await client.send(["INCR", key]) == .integer(1))
        try cluster.move(slot: try cluster.slot(ofTag: tag), from: 1, to: 0)
        var commands = CommandBuffer()
        for _ in 0..<3 { commands.append("INCR", key) }
        let replies = try await client.pipeline(commands, idempotent: idempotent)
        #expect(replies == [.integer(2), .integer(3), .integer(4)])
        #expect(try cluster.nodes[0].cli("GET", "{\(tag)}:k") == "4")
    }

    @Test func followsASlotThenAFailoverAndWaitsWithoutAMajority() async throws {
        let cluster = try RedisCluster.start(replicas: 1)
        let tag = try cluster.tag(on: 1)
        var url = try RedisURL(cluster.url([2]))
        url.tag = tag
        let client = RedisClient(url, name: "test", lanes: 1)
        let script = Script(name: "increment", source: Array("return redis.call('INCR', KEYS[1])".utf8))
        let key = RedisArgument.text("{\(tag)}:k")
        #expect(try await client.send(["INCR", key]) == .integer(1))
        try cluster.move(slot: try cluster.slot(ofTag: tag), from: 1, to: 0)
        // Refused by the old owner without being run, so it is run by the new one at once.
        #expect(try await client.run(script, keys: [key]) == .integer(2))
        #expect(try cluster.nodes[0].cli("GET", "{\(tag)}:k") == "2")

        try await eventually("replicated") { try cluster.nodes[0].isReplicated() }
        cluster.nodes[0].kill()
        try await eventually("a new owner") { (try? await client.send(["INCR", key])) != nil }
        #expect(try cluster.nodes[3].cli("GET", "{\(tag)}:k") == "3")

        for index in [1, 2] { cluster.nodes[index].freeze() }
        try await eventually("cut off") { try cluster.nodes[3].cli("CLUSTER", "INFO").contains("cluster_state:fail") }
        url.place = .cluster([RedisNode(host: "127.0.0.1", port: cluster.nodes[3].port)])
        let alone = url
        let error = #expect(throws: RedisError.self) { _ = try RedisConnection.open(alone, name: "test").clientID }
        #expect(error?.code == .clusterDown && error?.message.contains("too little") == true)
        for index in [1, 2] { cluster.nodes[index].thaw() }
        try await eventually("together again") { (try? await client.send(["INCR", key])) != nil }
        #expect(try cluster.nodes[3].cli("GET", "{\(tag)}:k") == "4")
    }
}
