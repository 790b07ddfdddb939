import Foundation
import Glibc
import Logging
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

@Suite struct RescueTests {
    /// A worker as it stands in Redis, without a process of ours behind it.
    private func enter(_ rig: Rig, leaseMs: Int64, jobs: [JobEnvelope], host: String? = nil) async throws -> WorkerID {
        let worker = WorkerID(fresh: .scan)
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try await rig.client.send(["ZADD", .text(rig.keys.workers), .int(now + leaseMs), .text(worker.rawValue)])
        for job in jobs {
            try await rig.client.send(["LPUSH", .text(rig.keys.running(worker)), .bytes(try job.wire())])
        }
        if let host, let own = HostIdentity.current?.host {
            try await rig.client.send(["HSET", .text(rig.keys.host(own)), .text(worker.rawValue), .text(host)])
        }
        return worker
    }

    @Test func jobsOfALostHostComeBackFirstAndInOrder() async throws {
        let rig = try Rig()
        let jobs = (0..<250).map { echo("\($0)") }
        _ = try await rig.queue.enqueue([echo("younger")], on: .scan)
        let lost = try await enter(rig, leaseMs: -1, jobs: jobs)
        let sweeper = Sweeper(redis: rig.url, settings: rig.settings, logger: Logger(label: "test"))
        sweeper.start()
        try await eventually("rescued") { try await rig.stats().waiting == 251 }
        sweeper.stop()
        let worker = TestWorker(rig, slots: 1) { _ in .done() }
        _ = try await worker.claim(250)
        let order = worker.claims.compactMap { $0.envelope.payload["text"]?.string }
        #expect(order == jobs.compactMap { $0.payload["text"]?.string } + ["younger"])
        #expect(worker.claims.allSatisfy { $0.attempt == 1 })
        #expect(worker.claims.count { $0.envelope.rescues == 1 } == 250)
        #expect(try await rig.count("EXISTS", rig.keys.running(lost)) == 0)
        #expect(try await rig.count("ZCARD", rig.keys.workers) == 1)
    }

    @Test func aKilledProcessOfThisHostIsNoticedWithinASecond() async throws {
        let rig = try Rig { $0.siblingInterval = .milliseconds(500) }
        let process = try ChildServer.start(["sleep", "600"]) { true }
        let stat = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
        let start = stat.split(separator: " ")[21]
        let worker = TestWorker(rig) { _ in .done() }
        _ = try await enter(rig, leaseMs: 60_000, jobs: [echo()], host: "\(process.pid) \(start)")
        try await Task.sleep(for: .milliseconds(800))
        #expect(worker.claims.isEmpty)
        process.signal(SIGKILL)  // not yet fetched by its parent: a zombie process counts as dead
        let killed = ContinuousClock.now
        _ = try await worker.claim()
        #expect(worker.claimedAt(0) - killed < .seconds(1.5))
        #expect(worker.claims.first?.envelope.rescues == 1)
    }

    @Test func aProcessIdUsedAgainIsNotTheWorker() {
        #expect(HostIdentity.isDead(entry: "\(getpid()) 1"))
        #expect(HostIdentity.isDead(entry: "999999999 1"))
        #expect(!HostIdentity.isDead(entry: HostIdentity.current?.entry ?? ""))
        for odd in ["", "x", "-1 5", "1 2 3"] { #expect(!HostIdentity.isDead(entry: odd)) }
    }

    @Test func aSupervisorThatKnowsMayReleaseAtOnce() async throws {
        let rig = try Rig()
        let jobs = (0..<150).map { echo("\($0)") }
        let lost = try await enter(rig, leaseMs: 60_000, jobs: jobs)
        #expect(try await rig.queue.releaseDead(lost) == 150)
        #expect(try await rig.stats().waiting == 150)
        #expect(try await rig.count("EXISTS", rig.keys.tombstone(lost)) == 1)
        #expect(try await rig.queue.releaseDead(lost) == 0)
    }

    @Test func aJobThatKeepsKillingWorkersDies() async throws {
        let rig = try Rig()
        var poison = echo("poison")
        poison.rescues = rig.settings.maxRescues
        _ = try await enter(rig, leaseMs: -1, jobs: [poison, echo("innocent")])
        let worker = TestWorker(rig) { _ in .done() }
        #expect(try await worker.claim().envelope.payload["text"] == "innocent")
        try await eventually("dead") { try await rig.stats().dead == 1 }
        let dead = try #require(try await rig.queue.dead(.scan).items.first)
        #expect(dead.id == poison.id && dead.code == "worker_lost_repeatedly")
        try await eventually("told") { worker.ended.map(\.0.id) == [poison.id] }
    }

    @Test func aZombieIsRefused() async throws {
        let rig = try Rig()
        // Its heartbeat never comes in time, and it does not notice.
        var deaf = rig.settings
        deaf.lease = .milliseconds(400)
        deaf.heartbeat = .seconds(60)
        deaf.selfFence = .seconds(60)
        let job = echo()
        _ = try await rig.queue.enqueue([job], on: .scan)
        let zombie = TestWorker(rig, slots: 1, settings: deaf)
        let stale = try await zombie.claim()
        let worker = TestWorker(rig)
        let fresh = try await worker.claim()
        #expect(fresh.envelope.id == job.id && fresh.fence > stale.fence && fresh.attempt == 1)
        zombie.consumer.finish(stale, .done(), followUps: [(.export, echo("must not be queued"))])
        try await eventually("refused") { zombie.consumer.status.fenced >= 1 }
        #expect(zombie.consumer.status.worker != stale.worker)
        worker.consumer.finish(fresh, .done(), followUps: [(.export, echo("once"))])
        try await eventually("settled") { try await rig.stats().processed == 1 }
        let queued = try await rig.list(rig.keys.waiting(.export))
        #expect(queued.count == 1 && queued[0].contains("once"))
        // Under its new name it works again.
        worker.consumer.stop(grace: .zero)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        _ = try await zombie.claim(1)
    }

    @Test func liveWorkersAreLeftAlone() async throws {
        let rig = try Rig { $0.lease = .seconds(1) }
        let holder = TestWorker(rig)
        let other = TestWorker(rig) { _ in .done() }
        _ = try await rig.queue.enqueue((0..<4).map { _ in echo() }, on: .scan)
        try await eventually("claimed") { holder.claims.count + other.claims.count == 4 }
        let held = holder.claims.count
        try await Task.sleep(for: .seconds(3))
        #expect(holder.claims.count == held && holder.abandoned.isEmpty)
        #expect(holder.claims.count + other.claims.count == 4)
    }
}
