import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// What all workers of a queue together may run.
@Suite struct LimitTests {
    private func push(_ count: Int, tenant: String = "default", _ rig: Rig) async throws {
        for number in 0..<count {
            try await rig.push(
                #"{"v":1,"id":"\#(tenant).\#(number)","kind":"echo","payload":{},"tenant":"\#(tenant)"}"#)
        }
    }

    private func active(_ rig: Rig, _ name: String = "*") async throws -> Int {
        Int(try await rig.client.send(["HGET", .text(rig.keys.lanes(.scan) + ":active"), .text(name)]).int ?? 0)
    }

    @Test("Two workers together run no more than the queue may") func jobs() async throws {
        let rig = try Rig { $0.limits.jobs = 3 }
        let workers = [TestWorker(rig), TestWorker(rig)]
        try await push(10, rig)
        func running() -> [(TestWorker, Claim)] { workers.flatMap { worker in worker.claims.map { (worker, $0) } } }
        try await eventually("three run") { running().count == 3 }
        try await Task.sleep(for: .milliseconds(300))
        #expect(running().count == 3)
        #expect(try await active(rig) == 3)
        var finished: Set<Claim> = []
        while finished.count < 10 {
            let (worker, claim) = try #require(running().first { !finished.contains($0.1) })
            worker.consumer.finish(claim, finished.count % 2 == 0 ? .done() : .cancelled)
            finished.insert(claim)
            let expected = min(10, finished.count + 3)
            try await eventually("the next one starts") { running().count == expected }
        }
        try await eventually("nothing is counted") { try await active(rig) == 0 }
    }

    @Test("A tenant at its limit keeps nobody else waiting") func jobsPerTenant() async throws {
        let rig = try Rig { $0.limits.jobsPerTenant = 2 }
        let worker = TestWorker(rig, slots: 10)
        try await push(5, tenant: "a", rig)
        try await push(3, tenant: "b", rig)
        try await push(1, tenant: "c", rig)
        try await eventually("five run") { worker.claims.count == 5 }
        try await Task.sleep(for: .milliseconds(200))
        #expect(Set(worker.claims.map(\.envelope.id.rawValue)) == ["a.0", "a.1", "b.0", "b.1", "c.0"])
        let first = try #require(worker.claims.first { $0.envelope.tenant == "a" })
        worker.consumer.finish(first, .failed(JobFailure(.badInput, code: "c", message: "m")))
        #expect(try await worker.claim(5).envelope.id.rawValue == "a.2")
    }

    @Test("Jobs start no faster than they may") func rate() async throws {
        let rig = try Rig { $0.limits.startsPerSecond = 20 }
        let workers = [TestWorker(rig) { _ in .done() }, TestWorker(rig) { _ in .done() }]
        func starts() -> [ContinuousClock.Instant] {
            workers.flatMap { worker in worker.claims.indices.map { worker.claimedAt($0) } }.sorted()
        }
        let began = ContinuousClock.now
        try await push(45, rig)
        try await eventually("all done") { starts().count == 45 }
        // A second's worth at once, then one every 50 ms: the last of 45 comes 25 intervals later.
        let last = try #require(starts().last) - began
        #expect(last >= .milliseconds(1_150))
    }

    @Test("A tenant's rate leaves others alone") func ratePerTenant() async throws {
        let rig = try Rig { $0.limits.startsPerSecondPerTenant = 2 }
        let worker = TestWorker(rig) { _ in .done() }
        try await rig.queue.pause(.scan)
        try await eventually("seen") { worker.consumer.status.isPaused }
        try await push(4, tenant: "a", rig)
        try await push(2, tenant: "b", rig)
        try await rig.queue.resume(.scan)
        try await eventually("all done") { worker.claims.count == 6 }
        #expect(Set(worker.claims.prefix(4).map(\.envelope.id.rawValue)) == ["a.0", "a.1", "b.0", "b.1"])
        #expect(worker.claimedAt(5) - worker.claimedAt(0) >= .milliseconds(900))
    }

    @Test("Jobs of a lost worker do not count for ever") func lostWorker() async throws {
        let rig = try Rig {
            $0.limits.jobs = 2
            $0.lease = .milliseconds(900)
            $0.selfFence = .milliseconds(600)
        }
        let lost = TestWorker(rig)
        try await push(4, rig)
        try await eventually("two run") { lost.claims.count == 2 }
        lost.consumer.shutDown()
        let worker = TestWorker(rig) { _ in .done() }
        try await eventually("all run at another worker", within: .seconds(15)) { worker.claims.count == 4 }
        try await eventually("nothing is counted") { try await active(rig) == 0 }
    }
}
