import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

func job(_ name: String, priority: Int = 0, tenant: String = "default", cost: Int = 1) -> String {
    #"{"v":1,"id":"\#(name)","kind":"echo","payload":{},"priority":\#(priority),"tenant":"\#(tenant)","cost":\#(cost)}"#
}

/// Priorities, and tenants that share a queue.
@Suite struct LaneTests {
    /// Pushes as any program does while a worker is busy, and returns the order in which one slot then runs them.
    private func order(of raws: [String], _ rig: Rig, sorted: Bool = true) async throws -> [String] {
        let worker = TestWorker(rig, slots: 1) { $0.envelope.id.rawValue == "busy" ? nil : .done() }
        try await rig.push(job("busy"))
        let busy = try await worker.claim()
        for raw in raws { try await rig.push(raw) }
        if sorted {
            try await eventually("sorted") { try await rig.count("LLEN", rig.keys.waiting(.scan)) == 0 }
            #expect(try await rig.stats().waiting == raws.count)
        } else {
            try await Task.sleep(for: .milliseconds(300))
            #expect(try await rig.count("LLEN", rig.keys.waiting(.scan)) == raws.count)
        }
        worker.consumer.finish(busy, .done())
        try await eventually("all done") { worker.claims.count == raws.count + 1 }
        try await eventually("sorted no longer") { try await rig.count("EXISTS", rig.keys.lanes(.scan)) == 0 }
        return worker.claims.dropFirst().map(\.envelope.id.rawValue)
    }

    @Test("Jobs that are alike stay in the list") func alike() async throws {
        let rig = try Rig()
        let raws = (0..<20).map { job("\($0)") }
        #expect(try await order(of: raws, rig, sorted: false) == (0..<20).map(String.init))
    }

    @Test("The highest priority runs first, and every 16th job is one of the others") func priorities() async throws {
        let rig = try Rig()
        let raws =
            (0..<10).map { job("low\($0)", priority: -7) } + (0..<30).map { job("usual\($0)") }
            + (0..<40).map { job("high\($0)", priority: 9) }
        let order = try await order(of: raws, rig)
        #expect(order.count == 80 && Set(order).count == 80)
        #expect(order.prefix(42).count { $0.hasPrefix("high") } == 40)
        #expect(order.prefix(16).filter { !$0.hasPrefix("high") } == ["low0"] || order[15] == "usual0")
        for kind in ["high", "usual", "low"] {
            let own = order.filter { $0.hasPrefix(kind) }
            #expect(own == own.sorted { Int($0.dropFirst(kind.count)) ?? 0 < Int($1.dropFirst(kind.count)) ?? 0 })
        }
    }

    @Test("Tenants get the same amount of work, whoever came first with how much") func tenants() async throws {
        let rig = try Rig()
        let raws =
            (0..<100).map { job("a\($0)", tenant: "a") } + (0..<10).map { job("b\($0)", tenant: "b") }
            + (0..<10).map { job("c\($0)", tenant: "c", cost: 5) }
        let order = try await order(of: raws, rig)
        let last = try #require(order.lastIndex { $0.hasPrefix("b") })
        // Ten of b against ten of a and two of c, which cost five times as much.
        #expect((20...25).contains(last), "b's last job ran as number \(last)")
        #expect(order.prefix(last).count { $0.hasPrefix("c") } <= 3)
    }

    @Test("A queue enqueued by this library is sorted before its first job is claimed") func ownJobs() async throws {
        let rig = try Rig()
        var urgent = echo("urgent")
        urgent.priority = 3
        _ = try await rig.queue.enqueue((0..<10).map { echo("\($0)") } + [urgent], on: .scan)
        #expect(try await rig.count("LLEN", rig.keys.waiting(.scan)) == 11)
        let worker = TestWorker(rig, slots: 1) { _ in .done() }
        #expect(try await worker.claim().envelope.id == urgent.id)
    }

    @Test("What was claimed and comes back is at the very front") func comesBack() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 1)
        try await rig.push(job("first"))
        let first = try await worker.claim()
        for name in ["x", "y"] { try await rig.push(job(name, priority: 50)) }
        try await eventually("sorted") { try await rig.count("LLEN", rig.keys.waiting(.scan)) == 0 }
        worker.consumer.finish(first, .release)
        #expect(try await worker.claim(1).envelope.id.rawValue == "first")
        #expect(worker.claims[1].attempt == 1)
    }

    @Test("Jobs in lanes are known, found, and rescued like any other") func known() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 1)
        try await rig.push(job("held"))
        _ = try await worker.claim()
        let names = (0..<1_500).map { "j\($0)" }
        var buffer = CommandBuffer()
        for name in names {
            let raw = job(name, tenant: "t\(name.utf8.count)")
            buffer.append("LPUSH", .text(rig.keys.waiting(.scan)), .text(raw))
        }
        _ = try await rig.client.pipeline(buffer)
        try await eventually("sorted") { try await rig.count("LLEN", rig.keys.waiting(.scan)) == 0 }
        var known: [String] = []
        var cursor: KnownJobs.Cursor?
        repeat {
            let page = try await rig.queue.knownJobIDs(.scan, cursor: cursor)
            known += page.ids.map(\.rawValue)
            cursor = page.next
        } while cursor != nil
        #expect(known.count == 1_501 && Set(known) == Set(names + ["held"]))
        #expect(try await rig.queue.state(of: try #require(JobID("j7")))?.state == .queued)
        try await eventually("demand") { try await rig.count("ZCARD", rig.keys.demand(.scan)) == 1_501 }
    }

    @Test("A paused queue stays as it came") func paused() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 1) { _ in .done() }
        try await rig.queue.pause(.scan)
        try await eventually("seen") { worker.consumer.status.isPaused }
        for number in 0..<5 { try await rig.push(job("\(number)", priority: number)) }
        try await Task.sleep(for: .milliseconds(300))
        #expect(try await rig.count("LLEN", rig.keys.waiting(.scan)) == 5)
        try await rig.queue.resume(.scan)
        try await eventually("all done") { worker.claims.count == 5 }
    }

    @Test(
        "Hostile envelopes are sorted too, and judged by the worker",
        arguments: [
            #"{"v":1,"id":"x","kind":"echo","payload":{},"priority":1e308}"#,
            #"{"v":1,"id":"x","kind":"echo","payload":{},"priority":1.5}"#,
            #"{"v":1,"id":"x","kind":"echo","payload":{},"priority":101}"#,
            #"{"v":1,"id":"x","kind":"echo","payload":{},"tenant":{"a":1}}"#,
            #"{"v":1,"id":"x","kind":"echo","payload":{},"tenant":"\#(String(repeating: "t", count: 65))"}"#,
            #"{"v":1,"id":"x","kind":"echo","payload":{},"priority":0,"tenant":"a","cost":-1}"#,
            #""priority" "tenant""#, "[\"tenant\"]", "\"priority\"" + String(repeating: "[", count: 100_000),
        ])
    func hostile(raw: String) async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 1) { $0.envelope.id.rawValue == "busy" ? nil : .done() }
        try await rig.push(job("busy"))
        let busy = try await worker.claim()
        try await rig.push(raw)
        try await rig.push(job("good", tenant: "good"))
        try await eventually("sorted") { try await rig.count("LLEN", rig.keys.waiting(.scan)) == 0 }
        worker.consumer.finish(busy, .done())
        try await eventually("the good one ran") { worker.claims.contains { $0.envelope.id.rawValue == "good" } }
        try await eventually("the bad one died") { try await rig.stats().dead == 1 }
    }
}
