import Redis
import TestServers
import Testing

@Suite struct RedisSubscriberTests {
    @Test func fansOutToAThousandReadersOverOneConnection() async throws {
        let server = try RedisServer.shared.get()
        let url = try RedisURL(server.url)
        let subscriber = RedisSubscriber(url, name: "fan")
        let client = RedisClient(url, name: "test")
        let heard = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<1_000 {
                let events = subscriber.events(on: "fan:\(index % 100)")
                group.addTask {
                    var count = 0
                    for await case .message(_, let payload) in events {
                        count += 1
                        if payload == Array("end".utf8) { break }
                    }
                    return count
                }
            }
            while try await client.send(["PUBSUB", "NUMSUB", "fan:99"]).array?.last?.int != 1 {
                try await Task.sleep(for: .milliseconds(5))
            }
            let subscribed = try server.cli("CLIENT", "LIST").split(separator: "\n").filter { $0.contains("name=fan") }
            #expect(subscribed.count == 1)
            for index in 0..<100 {
                for text in ["1", "2", "end"] { try await client.send(["PUBLISH", "fan:\(index)", .text(text)]) }
            }
            return try await group.reduce(0, +)
        }
        #expect(heard == 3_000)
        while try await client.send(["PUBSUB", "NUMSUB", "fan:0"]).array?.last?.int != 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func saysWhenMessagesMayBeMissing() async throws {
        let server = try RedisServer()
        let subscriber = RedisSubscriber(try RedisURL(server.url), name: "test")
        var events = subscriber.events(on: "x:*").makeAsyncIterator()
        #expect(await events.next() == .subscribed)
        server.kill()
        try server.start()
        #expect(await events.next() == .subscribed)
        try server.cli("PUBLISH", "x:1", "hello")
        #expect(await events.next() == .message(channel: "x:1", payload: Array("hello".utf8)))
        subscriber.close()
        #expect(await events.next() == nil)
    }

    @Test func aSlowReaderLosesTheOldestOnly() async throws {
        let server = try RedisServer.shared.get()
        let url = try RedisURL(server.url)
        let subscriber = RedisSubscriber(url, name: "test")
        let client = RedisClient(url, name: "test", lanes: 1)
        var slow = subscriber.events(on: "slow", bufferingNewest: 3).makeAsyncIterator()
        #expect(await slow.next() == .subscribed)
        for number in 1...10 { try await client.send(["PUBLISH", "slow", .int(number)]) }
        // What was published before may still be on its way when a second reader joins: it waits for its own message.
        var quick = subscriber.events(on: "slow").makeAsyncIterator()
        #expect(await quick.next() == .subscribed)
        for text in ["11", "12"] {
            let message = RedisSubscriber.Event.message(channel: "slow", payload: Array(text.utf8))
            try await client.send(["PUBLISH", "slow", .text(text)])
            while let event = await quick.next(), event != message {}
        }
        subscriber.close()
        var kept: [Int] = []
        while case .message(_, let payload)? = await slow.next() {
            kept.append(Int(String(decoding: payload, as: UTF8.self)) ?? 0)
        }
        // The twelfth may reach this reader a moment later than the other, after the close.
        #expect(kept == [9, 10, 11] || kept == [10, 11, 12])
    }
}
