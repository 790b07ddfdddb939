import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

@Suite struct RetryTests {
    @Test(
        "The ceiling doubles, then stays at the cap",
        arguments: [(1, 1), (2, 2), (4, 8), (9, 256), (10, 300), (64, 300)])
    func ceiling(attempt: Int, seconds: Int) {
        #expect(Backoff().ceiling(attempt: attempt) == .seconds(seconds))
    }

    @Test func jitterIsFull() {
        var generator = SystemRandomNumberGenerator()
        let delays = (0..<1_000).map { _ in Backoff().delay(attempt: 3, using: &generator) / .seconds(1) }
        #expect(delays.allSatisfy { (0...4).contains($0) })
        #expect(delays.contains { $0 < 1 } && delays.contains { $0 > 3 })
    }

    @Test(
        "The cause decides",
        arguments: [
            (FailureCause.infrastructure, 1, 0, "free"), (.infrastructure, 5, 4, "free"), (.transient, 1, 0, "again"),
            (.transient, 5, 4, "dead"), (.badInput, 1, 0, "dead"), (.crash, 1, 0, "again"), (.crash, 2, 1, "dead"),
            (.outOfMemory, 2, 1, "again"), (.outOfMemory, 3, 2, "dead"), (.timeout, 1, 0, "again"),
            (.timeout, 5, 4, "dead"), (.internal, 1, 0, "again"), (.cancelled, 1, 0, "cancelled"),
        ])
    func decides(cause: FailureCause, attempt: Int, alike: Int, expected: String) {
        var envelope = echo()
        envelope.attempt = attempt
        envelope.failures = (0..<alike).map { AttemptFailure(attempt: $0, code: "c", message: "", at: Date()) }
        var generator = SystemRandomNumberGenerator()
        let failure = JobFailure(cause, code: "c", message: "m")
        let decision =
            switch RetryPolicy().decide(envelope, failure, using: &generator) {
            case .free: "free"
            case .again: "again"
            case .dead: "dead"
            case .cancelled: "cancelled"
            }
        #expect(decision == expected)
    }

    @Test func failuresTravelWithTheJobAndEndWithTheDead() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { claim in
            .failed(JobFailure(.transient, code: "e\(claim.attempt)", message: "oh", stderrTail: "tail"))
        }
        let job = echo("payload", attempts: 3)
        _ = try await rig.queue.enqueue([job], on: .scan)
        try await eventually("dead") { try await rig.stats().dead == 1 }
        #expect(worker.claims.map(\.attempt) == [1, 2, 3])
        #expect(worker.claims.last?.envelope.failures.map(\.code) == ["e1", "e2"])
        let dead = try #require(try await rig.queue.dead(.scan).items.first)
        #expect(dead.id == job.id && dead.code == "e3" && dead.attempts == 3 && dead.kind == "echo")
        #expect(dead.failures.map(\.code) == ["e1", "e2", "e3"] && dead.stderrTail == "tail")
        #expect(dead.envelope?["payload"] == ["text": "payload"])
        let state = try #require(try await rig.queue.state(of: job.id))
        #expect(state.state == .dead && state.error == DeadJob.Reason(code: "e3", message: "oh"))
        let stats = try await rig.stats()
        #expect(stats.failed == 2 && stats.buried == 1 && stats.delayed == 0 && stats.running == 0)
    }

    @Test func freeRetriesAreImmediateAndCostNothing() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        worker.consumer.finish(
            try await worker.claim(), .failed(JobFailure(.infrastructure, code: "stopped", message: "deploy")))
        let again = try await worker.claim(1)
        #expect(again.attempt == 1 && again.envelope.failures.isEmpty)
        #expect(again.fence > worker.claims[0].fence)
    }

    @Test func deadJobsAreRetriedAndDiscardedByHand() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { claim in
            claim.envelope.payload["text"] == "ok" || claim.attempt > 1
                ? .done()
                : .dead(JobFailure(.badInput, code: claim.envelope.payload["text"]?.string ?? "", message: "m"))
        }
        let jobs = (0..<25).map { echo($0 % 5 == 0 ? "five" : "other") }
        _ = try await rig.queue.enqueue(jobs, on: .scan)
        try await eventually("dead") { try await rig.stats().dead == 25 }
        var seen: [JobID] = []
        var cursor: String?
        repeat {
            let page = try await rig.queue.dead(.scan, limit: 10, cursor: cursor)
            seen += page.items.map(\.id)
            cursor = page.nextCursor
        } while cursor != nil
        #expect(seen.count == 25 && Set(seen) == Set(jobs.map(\.id)))

        worker.consumer.stop(grace: .seconds(1))
        #expect(try await rig.queue.retryDead(.scan, code: "five") == 5)
        #expect(try await rig.queue.retryDead(.scan, ids: [jobs[1].id, .random()]) == 1)
        #expect(try await rig.queue.retryDead(.scan, ids: [jobs[1].id]) == 0)
        #expect(try await rig.queue.discardDead(.scan, ids: [jobs[2].id]) == 1)
        var stats = try await rig.stats()
        #expect(stats.waiting == 6 && stats.dead == 18)
        #expect(try await rig.queue.discardDead(.scan) == 18)
        stats = try await rig.stats()
        #expect(stats.dead == 0)
        #expect(try await rig.count("HLEN", rig.keys.deadEntries(.scan)) == 0)
    }

    @Test func theOldestDeadGoFirst() async throws {
        let rig = try Rig { $0.maxDead = 10 }
        let worker = TestWorker(rig) { _ in .dead(JobFailure(.badInput, code: "c", message: "m")) }
        let jobs = (0..<15).map { echo("\($0)") }
        for job in jobs {
            _ = try await rig.queue.enqueue([job], on: .scan)
            try await eventually("settled") { worker.consumer.status.settled == worker.claims.count }
        }
        try await eventually("all dead") { try await rig.stats().buried == 15 }
        let kept = try await rig.queue.dead(.scan).items
        #expect(kept.count == 10)
        #expect(try await rig.count("HLEN", rig.keys.deadEntries(.scan)) == 10)
    }
}
