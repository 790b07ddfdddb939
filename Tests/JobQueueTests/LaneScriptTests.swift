import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// What the scripts of sorted and limited queues leave in Redis at once, before any upkeep mends it.
@Suite struct LaneScriptTests {
    private func sort(
        _ rig: Rig, by name: String, look: Int = 5_000, at place: String = "0.5"
    ) async throws -> Int64? {
        try await rig.client.run(
            QueueScripts.sort,
            keys: [
                .text("{\(rig.settings.namespace)}:turn"), .text(rig.keys.waiting(.scan)), .text(rig.keys.lanes(.scan)),
                .text(rig.keys.paused),
            ], [.text(name), 60_000, "scan", 100, .int(look), .text(place)]
        ).int
    }

    @Test("One sorts, until its turn is over") func turns() async throws {
        let rig = try Rig()
        try await rig.push(job("x", priority: 1))
        #expect(try await sort(rig, by: "me") == 0)
        #expect(try await sort(rig, by: "you") == -1)
        #expect(try await sort(rig, by: "me") == 0)
        let turn = RedisArgument.text("{\(rig.settings.namespace)}:turn")
        #expect((1...60_000).contains(try await rig.client.send(["PTTL", turn]).int ?? 0))
        _ = try await rig.client.send(["DEL", turn])
        #expect(try await sort(rig, by: "you") == 0)
        #expect(try await sort(rig, by: "me") == -1)
    }

    @Test("A queue that was emptied is sorted no longer") func emptied() async throws {
        let rig = try Rig()
        _ = try await rig.client.send(["HSET", .text(rig.keys.lanes(.scan)), "waiting", "0"])
        #expect(try await sort(rig, by: "me") == 0)
        #expect(try await rig.count("EXISTS", rig.keys.lanes(.scan)) == 0)
    }

    @Test("Something special is found among many, wherever it is looked for", arguments: [true, false])
    func found(isFound: Bool) async throws {
        let rig = try Rig()
        // The oldest stand at the end.
        for number in 0..<100 { try await rig.push(job("\(number)", priority: number == 20 ? 1 : 0)) }
        // Its place is 79 of 0…99; one half of the look is at the newest, the other half at a part of the rest.
        let left = try await sort(rig, by: "me", look: 20, at: isFound ? "0.8" : "0.1")
        #expect(left == 0)
        #expect(try await rig.count("LLEN", rig.keys.waiting(.scan)) == (isFound ? 0 : 100))
    }

    @Test(
        "What cannot be read goes with the usual ones",
        arguments: [
            #""priority":101"#, #""priority":-101"#, #""priority":1.5"#, #""priority":1e308"#, #""priority":"9""#,
            #""priority":9,"payload":"\#(String(repeating: "x", count: 300_000))""#,
            #""tenant":"\#(String(repeating: "t", count: 65))""#, #""tenant":7"#,
        ])
    func unreadable(member: String) async throws {
        let rig = try Rig()
        try await rig.push(job("special", tenant: "a"))
        try await rig.push(#"{"v":1,"id":"x","kind":"echo",\#(member)}"#)
        #expect(try await sort(rig, by: "me") == 0)
        let lanes = rig.keys.lanes(.scan)
        let ranks = try await rig.client.send(["ZRANGE", .text(lanes + ":ranks"), 0, -1]).array ?? []
        #expect(ranks.compactMap(\.string) == ["0"])
        let tenants = try await rig.client.send(["ZRANGE", .text(lanes + ":0"), 0, -1]).array ?? []
        #expect(tenants.compactMap(\.string).sorted() == ["a", "default"])
    }

    /// A worker that only this test speaks for.
    private func register(_ rig: Rig) async throws -> WorkerID {
        let (worker, keys) = (WorkerID(fresh: .scan), rig.keys)
        _ = try await rig.client.run(
            QueueScripts.register,
            keys: [
                .text(keys.workers), .text(keys.worker(worker)), .text(keys.tombstone(worker)),
                .text(keys.running(worker)), .text(keys.host("test")),
            ], [.text(worker.rawValue), 3_600_000, 3_600_000, "0 0", 2, "queue", "scan"])
        return worker
    }

    private func exchange(
        _ rig: Rig, _ worker: WorkerID, _ batch: Int64, want: Int, _ settlements: [Settlement] = []
    ) async throws -> (raws: [[UInt8]], now: Int64, again: Int64) {
        let call = ScriptCall.exchange(
            worker, batch: batch, want: want, plain: settlements.filter(\.isPlainAcknowledgement),
            others: settlements.filter { !$0.isPlainAcknowledgement }, keys: rig.keys, settings: rig.settings,
            at: Date())
        let reply = try await rig.client.run(QueueScripts.exchange, keys: call.keys, call.arguments).array ?? []
        try #require(reply.count == 10)
        return (reply[8].array?.compactMap(\.bytes) ?? [], reply[1].int ?? 0, reply[6].int ?? 0)
    }

    @Test("Jobs that end are counted at once, however they end", arguments: ["in order", "out of order", "settled"])
    func ends(way: String) async throws {
        let rig = try Rig { $0.limits.jobs = 4 }
        let worker = try await register(rig)
        func active(_ name: String) async throws -> Int {
            let value = try await rig.client.send(["HGET", .text(rig.keys.lanes(.scan) + ":active"), .text(name)])
            return Int(value.int ?? 0)
        }
        for number in 0..<6 { try await rig.push(job("\(number)", tenant: number % 2 == 0 ? "a" : "b")) }
        let held = try await exchange(rig, worker, 1, want: 10).raws
        #expect(held.count == 4)
        #expect(try await [active("*"), active("t:a"), active("t:b")] == [4, 2, 2])
        let verb: Settlement.Verb = way == "settled" ? .park : .done
        let ended = way == "out of order" ? [held[3], held[1]] : [held[0], held[1]]
        _ = try await exchange(rig, worker, 2, want: 0, ended.map { Settlement(verb: verb, raw: $0, value: $0) })
        #expect(try await active("*") == 2)
        #expect(try await active("t:a") + active("t:b") == 2)
        #expect(try await exchange(rig, worker, 3, want: 10).raws.count == 2)
    }

    @Test("A job that is put aside for others leaves its place at once") func putAside() async throws {
        let rig = try Rig { $0.limits.jobs = 2 }
        let worker = try await register(rig)
        var job = waiting(for: [.random()])
        job.tenant = "a"
        for raw in [try job.wire(), try echo().wire()] {
            try await rig.push(String(decoding: raw, as: UTF8.self))
        }
        let raws = try await exchange(rig, worker, 1, want: 10).raws
        #expect(raws.count == 2)
        let maker = SettlementMaker(settings: rig.settings, keys: rig.keys)
        var admission = Admission(keys: rig.keys, settings: rig.settings, queue: .scan, worker: worker, arrival: 1)
        for raw in raws { admission.read(raw, fence: 1, at: Date(), knows: { _ in true }, maker: maker) }
        let answers = try await rig.queue.run(QueueScripts.admit, admission.call(maker, at: Date())).array ?? []
        #expect(answers.compactMap(\.string).sorted() == ["ok", "waits -"])
        let active = try await rig.client.send(["HGETALL", .text(rig.keys.lanes(.scan) + ":active")]).pairs
        #expect(active.mapValues { $0.string ?? "" } == ["*": "1", "t:default": "1"])
    }

    @Test("A worker is told when the rate lets it ask again") func again() async throws {
        let rig = try Rig { $0.limits.startsPerSecond = 0.01 }
        let worker = try await register(rig)
        for number in 0..<3 { try await rig.push(job("\(number)")) }
        let first = try await exchange(rig, worker, 1, want: 10)
        #expect(first.raws.count == 1)
        #expect((99_000...100_001).contains(first.again - first.now))
        // Later than what it waits for anyway.
        _ = try await rig.client.send([
            "ZADD", .text(rig.keys.delayed(.scan)), .int(first.now + 50_000), .text(job("due")),
        ])
        let second = try await exchange(rig, worker, 2, want: 10)
        #expect(second.raws.isEmpty && second.again == first.now + 50_000)
    }

    @Test("Who gave a job back is asked for his limit when it comes again") func owner() async throws {
        let rig = try Rig { $0.limits.jobsPerTenant = 1 }
        let worker = TestWorker(rig, slots: 4)
        for name in ["a1", "a2", "b1"] {
            try await rig.push(job(name, tenant: String(name.prefix(1))))
        }
        try await eventually("one each") { worker.claims.count == 2 }
        let first = try #require(worker.claims.first { $0.envelope.tenant == "a" })
        worker.consumer.finish(first, .release)
        try await eventually("it comes again") { worker.claims.count == 3 }
        #expect(worker.claims[2].envelope.id == first.envelope.id)
        try await Task.sleep(for: .milliseconds(300))
        #expect(worker.claims.count == 3)
        let count = try await rig.client.send(["HGETALL", .text(rig.keys.lanes(.scan) + ":active")]).pairs
        #expect(count.mapValues { $0.string ?? "" } == ["*": "2", "t:a": "1", "t:b": "1"])
    }
}
