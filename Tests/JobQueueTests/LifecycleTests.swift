import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

@Suite struct LifecycleTests {
    @Test func aRawPushIsACompleteEnqueue() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { .done(result: $0.envelope.payload) }
        let id = JobID.random()
        try rig.server.cli(
            "LPUSH", "{\(rig.settings.namespace)}:queue:scan",
            #"{"v":1,"id":"\#(id)","kind":"echo","payload":{"text":"hällo"}}"#)
        try await eventually("done") { try await rig.queue.state(of: id)?.state == .done }
        let state = try #require(try await rig.queue.state(of: id))
        #expect(state.result == ["text": "hällo"] && state.queue == .scan && state.kind == "echo")
        #expect(worker.claims.map(\.attempt) == [1])
        let stats = try await rig.stats()
        #expect(stats.waiting == 0 && stats.running == 0 && stats.processed == 1 && stats.workers == 1)
    }

    @Test func aJobWithoutAnIdKeepsTheOneItIsGiven() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        try await rig.push(#"{"v":1,"kind":"echo","payload":1}"#)
        let claim = try await worker.claim()
        #expect(try await rig.list(rig.keys.running(claim.worker)) == [String(decoding: claim.raw, as: UTF8.self)])
        #expect(String(decoding: claim.raw, as: UTF8.self).contains(claim.envelope.id.rawValue))
        worker.consumer.finish(claim, .release)
        #expect(try await worker.claim(1).envelope.id == claim.envelope.id)
    }

    @Test func twoIdenticalElementsAreTwoJobs() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        let raw = #"{"v":1,"id":"same","kind":"echo","payload":1}"#
        try await rig.push(raw)
        try await rig.push(raw)
        let first = try await worker.claim(0)
        _ = try await worker.claim(1)
        worker.consumer.finish(first, .done())
        worker.consumer.finish(first, .done())
        try await eventually("one settled") { try await rig.stats().running == 1 }
        worker.consumer.finish(worker.claims[1], .done())
        try await eventually("both settled") { try await rig.stats().processed == 2 }
        #expect(try await rig.stats().running == 0)
        #expect(worker.claims.count == 2)
    }

    @Test(
        "Bytes that are no envelope go to the dead with the reason",
        arguments: [
            "", "not json", "[1]", #"{"v":1,"kind":"echo"}"#, #"{"v":1,"payload":1}"#,
            #"{"v":"x","kind":"echo","payload":1}"#, #"{"v":1,"id":"","kind":"echo","payload":1}"#, "\u{0}\u{1}",
        ])
    func unparsable(raw: String) async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        try await rig.push(raw)
        try await rig.push(#"{"v":1,"kind":"echo","payload":"the next one still runs"}"#)
        try await eventually("dead") { try await rig.stats().dead == 1 }
        let job = try #require(try await rig.queue.dead(.scan).items.first)
        #expect(job.code == "unparsable" && !job.reason.isEmpty && job.envelope == nil)
        #expect(job.rawBase64 == Data(raw.utf8).base64EncodedString())
        _ = try await worker.claim()
        #expect(try await rig.queue.retryDead(.scan) == 1)
        try await eventually("dead again") { try await rig.stats().buried == 2 }
    }

    @Test func anElementTooLongToReadDiesWithoutItsBytes() async throws {
        let rig = try Rig { $0.maxElementBytes = 300_000 }
        let worker = TestWorker(rig) { _ in .done() }
        try await rig.push(String(repeating: "x", count: 300_001))
        try await rig.push(String(repeating: "x", count: 300_000))
        try await rig.push(#"{"v":1,"kind":"echo","payload":"the next one still runs"}"#)
        _ = try await worker.claim()
        try await eventually("dead") { try await rig.stats().dead == 2 }
        let codes = try await rig.queue.dead(.scan).items.map(\.code)
        #expect(Set(codes) == ["too_large", "unparsable"])
        #expect(try await rig.queue.retryDead(.scan, code: "too_large") == 0)
        #expect(try await rig.queue.discardDead(.scan) == 2)
    }

    @Test(
        "Unknown kinds and newer versions are parked until a worker starts that knows them",
        arguments: [#"{"v":1,"id":"a","kind":"later","payload":1}"#, #"{"v":99,"kind":"echo","new":true}"#])
    func parked(raw: String) async throws {
        let rig = try Rig()
        let old = TestWorker(rig) { _ in .done() }
        try await rig.push(raw)
        try await eventually("parked") { try await rig.stats().parked == 1 }
        #expect(try await rig.list(rig.keys.parked(.scan)) == [raw])
        #expect(old.claims.isEmpty)
        old.consumer.stop(grace: .zero)
        let new = TestWorker(rig, kinds: ["echo", "later"]) { _ in .done() }
        if raw.contains("later") {
            _ = try await new.claim()
            #expect(try await rig.stats().parked == 0)
        } else {
            try await eventually("registered") { new.consumer.status.claimed >= 1 }
            try await eventually("parked again") { try await rig.stats().parked == 1 }
        }
    }

    @Test func delayedJobsWaitForTheirTime() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        let due = Date().addingTimeInterval(1)
        var envelope = echo()
        envelope.notBefore = due
        #expect(try await rig.queue.enqueue([envelope], on: .scan) == [.enqueued(envelope.id)])
        let ms = Int64(due.timeIntervalSince1970 * 1000)
        try await rig.push(#"{"v":1,"id":"raw","kind":"echo","payload":1,"not_before":\#(ms)}"#)
        try await rig.push(
            #"{"v":1,"id":"text","kind":"echo","payload":1,"not_before":"\#(RFC3339.format(due))"}"#)
        try await rig.push(#"{"v":1,"id":"far","kind":"echo","payload":1,"not_before":"2099-01-01T00:00:00Z"}"#)
        _ = try await worker.claim(2)
        #expect(worker.claims.allSatisfy { $0.claimedAt >= due.addingTimeInterval(-0.002) })
        try await eventually("one left") { try await rig.stats().delayed == 1 }
        let far = try #require(JobID("far"))
        #expect(try await rig.queue.state(of: far)?.state == .delayed)
        #expect(worker.claims.count == 3)
    }

    @Test func expiredJobsDieUnrun() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        try await rig.push(
            #"{"v":1,"id":"late","kind":"echo","payload":1,"expires_at":"2020-01-01T00:00:00.000Z"}"#)
        try await eventually("dead") { try await rig.stats().dead == 1 }
        #expect(try await rig.queue.dead(.scan).items.first?.code == "expired")
        try await eventually("told") { worker.ended.count == 1 }
        #expect(worker.ended.first?.1 == .dead)
        #expect(worker.claims.isEmpty)
        #expect(try await rig.queue.retryDead(.scan, code: "expired") == 1)
        #expect(try await worker.claim().envelope.id.rawValue == "late")
    }

    @Test func followUpsAreQueuedWithTheAcknowledgement() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        try await rig.push(#"{"v":1,"id":"one","kind":"echo","payload":1}"#)
        let next = echo(id: .random())
        worker.consumer.finish(try await worker.claim(), .done(), followUps: [(.analyze, next), (.export, next)])
        try await eventually("settled") { try await rig.stats().processed == 1 }
        #expect(try await rig.stats(.analyze).waiting == 1)
        #expect(try await rig.list(rig.keys.waiting(.export)) == [String(decoding: try next.wire(), as: UTF8.self)])
    }

    @Test func stoppingGivesJobsBackToTheFrontWithTheirAttempt() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 2)
        for number in 1...3 { try await rig.push(#"{"v":1,"id":"\#(number)","kind":"echo","payload":1}"#) }
        _ = try await worker.claim(1)
        worker.consumer.stop(grace: .milliseconds(20))
        #expect(Set(worker.abandoned.map(\.envelope.id.rawValue)) == ["1", "2"])
        let stats = try await rig.stats()
        #expect(stats.waiting == 3 && stats.running == 0 && stats.workers == 0)
        let next = TestWorker(rig) { _ in .done() }
        _ = try await next.claim(2)
        #expect(next.claims.map(\.envelope.id.rawValue) == ["1", "2", "3"])
        #expect(next.claims.allSatisfy { $0.attempt == 1 })
    }

    @Test func fencesRise() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        for number in 0..<20 { try await rig.push(#"{"v":1,"id":"\#(number)","kind":"echo","payload":1}"#) }
        _ = try await worker.claim(19)
        let before = worker.claims.map(\.fence)
        #expect(zip(before, before.dropFirst()).allSatisfy { $0 < $1 })
        try await rig.client.send(["SET", .text(rig.keys.fence), 1])
        try await rig.push(#"{"v":1,"id":"last","kind":"echo","payload":1}"#)
        #expect(try await worker.claim(20).fence > before[19])
    }

    @Test("Jobs answered at once are claimed beyond the slots; those that need one go back in their order")
    func claimsAhead() async throws {
        let rig = try Rig()
        let raws = (0..<400).map { number in
            #"{"v":1,"id":"\#(number < 200 ? "quick" : "slow")\#(number)","kind":"echo","payload":\#(number)}"#
        }
        for raw in raws { try await rig.push(raw) }
        let worker = TestWorker(
            rig, slots: 2, immediate: { $0.envelope.id.rawValue.hasPrefix("quick") ? .done() : nil })
        let first = try await worker.claim(1)
        // Both slots are taken; everything else is back where it was.
        try await eventually("the rest waits") {
            let waiting = try await rig.list(rig.keys.waiting(.scan))
            return waiting == Array(raws.dropFirst(202).reversed())
        }
        #expect(worker.claims.map(\.envelope.id.rawValue) == ["slow200", "slow201"])
        #expect(first.attempt == 1)
        #expect(try await rig.stats().processed == 200)
        worker.consumer.finish(first, .done())
        #expect(try await worker.claim(2).envelope.id.rawValue == "slow202")
    }
}
