import Redis
import TestServers
import Testing

@Suite struct SubscriptionTests {
    @Test func hearsChannelsAndPatterns() throws {
        let server = try RedisServer.shared.get()
        var listener = Subscription(
            try RedisURL(server.url), name: "test", channels: ["news"], patterns: ["sub:progress:*"])
        var confirmed: Set<String> = []
        while confirmed.count < 2 {
            guard case .subscribed(let name)? = listener.receive(within: .seconds(2)) else { continue }
            confirmed.insert(name)
        }
        try server.cli("PUBLISH", "news", "one")
        try server.cli("PUBLISH", "sub:progress:7", "two")
        #expect(
            listener.receive(within: .seconds(2))
                == .message(channel: "news", payload: Array("one".utf8), pattern: nil))
        #expect(
            listener.receive(within: .seconds(2))
                == .message(channel: "sub:progress:7", payload: Array("two".utf8), pattern: "sub:progress:*"))
        let start = ContinuousClock.now
        #expect(listener.receive(within: .milliseconds(100)) == nil)
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    @Test func mendsItselfAndSaysSo() throws {
        let server = try RedisServer()
        var listener = Subscription(try RedisURL(server.url), name: "test", channels: ["news"])
        #expect(listener.receive(within: .seconds(2)) == .subscribed("news"))
        server.kill()
        #expect(listener.receive(within: .milliseconds(200)) == nil)
        try server.start()
        let start = ContinuousClock.now
        var events: [Subscription.Event] = []
        while events.count < 2, ContinuousClock.now - start < .seconds(5) {
            if let event = listener.receive(within: .milliseconds(200)) { events.append(event) }
        }
        #expect(events == [.reconnected, .subscribed("news")])
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test func noticesASilentServer() throws {
        let server = try RedisServer()
        var listener = Subscription(
            try RedisURL(server.url), name: "test", channels: ["news"],
            timeouts: RedisTimeouts(connect: .milliseconds(300), command: .milliseconds(300)))
        #expect(listener.receive(within: .seconds(2)) == .subscribed("news"))
        server.freeze()
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(3) { #expect(listener.receive(within: .milliseconds(200)) == nil) }
        server.thaw()
        var events: [Subscription.Event] = []
        while events.count < 2, ContinuousClock.now - start < .seconds(8) {
            if let event = listener.receive(within: .milliseconds(200)) { events.append(event) }
        }
        #expect(events.first == .reconnected)
    }
}
