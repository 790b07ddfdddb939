import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// Workers whose Redis moves while they work.
@Suite struct FailoverTests {
    @Test func workGoesOnAtTheNewPrimary() async throws {
        let group = try RedisSentinels()
        let rig = try Rig(at: group.url) { $0.commandTimeout = .milliseconds(500) }
        let worker = TestWorker(rig, slots: 2)
        _ = try await rig.queue.enqueue([echo("held"), echo("finished while away")], on: .scan)
        let held = try await worker.claim(0)
        let other = try await worker.claim(1)
        try await eventually("replicated") {
            try group.servers[1...].allSatisfy {
                try $0.cli("LLEN", rig.keys.running(worker.consumer.status.worker)) == "2"
            }
        }
        group.servers[0].kill()
        worker.consumer.finish(other, .done())
        try await eventually("queued at the new primary", within: .seconds(15)) {
            (try? await rig.queue.enqueue([echo("later")], on: .scan)) != nil
        }
        let later = try await worker.claim(2)
        #expect(later.fence > other.fence)
        worker.consumer.finish(held, .done())
        worker.consumer.finish(later, .done())
        try await eventually("settled") { try await rig.stats().processed >= 3 }
        let before = [held.envelope.id, other.envelope.id]
        // An enqueue whose answer was lost with the old primary was made twice.
        #expect(worker.claims.count { before.contains($0.envelope.id) } == 2 && worker.abandoned.isEmpty)
        try await eventually("every sentinel agrees") { try group.primaryPort() != group.servers[0].port }
    }

    @Test func workFollowsItsSlot() async throws {
        let cluster = try RedisCluster.start()
        let rig = try Rig(at: cluster.url([2]))
        let worker = TestWorker(rig, slots: 2)
        _ = try await rig.queue.enqueue([echo("held")], on: .scan)
        let held = try await worker.claim(0)
        let from = try #require(try cluster.owner(ofTag: rig.settings.namespace))
        let target = (from + 1) % 3
        try cluster.move(slot: try cluster.slot(ofTag: rig.settings.namespace), from: from, to: target)
        worker.consumer.finish(held, .done())
        try await eventually("settled at the new owner") { try await rig.stats().processed == 1 }
        _ = try await rig.queue.enqueue([echo("later")], on: .scan)
        worker.consumer.finish(try await worker.claim(1), .done())
        try await eventually("settled") { try await rig.stats().processed == 2 }
        // Orders and progress are heard wherever they are published.
        _ = try await rig.queue.enqueue([echo("cancelled")], on: .scan)
        let cancelled = try await worker.claim(2)
        try await rig.queue.cancel([cancelled.envelope.id])
        try await eventually("cancelled") { worker.cancelled == [cancelled] }
        worker.consumer.finish(cancelled, .cancelled)
        try await eventually("ended") { worker.consumer.status.running == 0 }
        #expect(worker.claims.count == 3 && worker.abandoned.isEmpty)
        #expect(try await rig.stats().workers == 1)
    }
}
