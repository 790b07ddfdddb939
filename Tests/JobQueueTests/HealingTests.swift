import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

@Suite struct HealingTests {
    @Test func anEmptiedRedisGetsItsRunningJobsBack() async throws {
        let server = try RedisServer()
        let rig = try Rig(server: server)
        let worker = TestWorker(rig, slots: 2)
        _ = try await rig.queue.enqueue([echo("a"), echo("b")], on: .scan)
        let first = try await worker.claim(0)
        _ = try await worker.claim(1)
        try server.cli("FLUSHALL")
        // Finished before the loss was noticed: the acknowledgement and the next step still happen.
        worker.consumer.finish(first, .done(), followUps: [(.export, echo("next"))])
        try await eventually("next step") { try await rig.stats(.export).waiting == 1 }
        try await eventually("run list") { try await rig.stats().running == 1 }
        #expect(try await rig.stats().workers == 1)
        worker.consumer.finish(worker.claims[1], .done())
        try await eventually("settled") { try await rig.stats().processed == 2 }
        _ = try await rig.queue.enqueue([echo("c")], on: .scan)
        #expect(try await worker.claim(2).fence > worker.claims[1].fence)
    }

    @Test func scriptsMayBeFlushedAtAnyTime() async throws {
        let server = try RedisServer()
        let rig = try Rig(server: server)
        let worker = TestWorker(rig, slots: 16) { _ in .done() }
        for round in 1...20 {
            try server.cli("SCRIPT", "FLUSH")
            _ = try await rig.queue.enqueue((0..<10).map { _ in echo() }, on: .scan)
            try await eventually("settled") { worker.consumer.status.settled == round * 10 }
        }
        #expect(try await rig.stats().processed == 200)
        #expect(worker.claims.count == 200)
    }

    @Test func worksAgainTwoSecondsAfterARestart() async throws {
        let server = try RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let rig = try Rig(server: server)
        let worker = TestWorker(rig, slots: 2)
        _ = try await rig.queue.enqueue([echo("held"), echo("finished while away")], on: .scan)
        let held = try await worker.claim(0)
        let other = try await worker.claim(1)
        server.kill()
        worker.consumer.finish(other, .done())
        try await Task.sleep(for: .milliseconds(300))
        try server.start()
        let start = ContinuousClock.now
        try server.cli("LPUSH", rig.keys.waiting(.scan), #"{"v":1,"kind":"echo","payload":1}"#)
        _ = try await worker.claim(2)
        #expect(worker.claimedAt(2) - start < .seconds(2))
        try await eventually("acknowledged") { try await rig.stats().processed == 1 }
        worker.consumer.finish(held, .done())
        worker.consumer.finish(worker.claims[2], .done())
        try await eventually("settled") { try await rig.stats().processed == 3 }
        #expect(worker.claims.count == 3 && worker.abandoned.isEmpty)
    }

    @Test func waitsOutAServerThatIsOnlyAReplica() async throws {
        let server = try RedisServer()
        let rig = try Rig(server: server)
        let worker = TestWorker(rig, slots: 2)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        let held = try await worker.claim()
        try server.cli("REPLICAOF", "127.0.0.1", "1")
        worker.consumer.finish(held, .done(), followUps: [(.export, echo())])
        await #expect(throws: JobQueueError.self) { try await rig.queue.enqueue([echo()], on: .scan) }
        try await eventually("noticed") { !worker.consumer.status.isConnected }
        try server.cli("REPLICAOF", "NO", "ONE")
        let start = ContinuousClock.now
        try server.cli("LPUSH", rig.keys.waiting(.scan), #"{"v":1,"kind":"echo","payload":1}"#)
        _ = try await worker.claim(1)
        #expect(worker.claimedAt(1) - start < .seconds(2))
        try await eventually("settled once") { try await rig.stats().processed == 1 }
        #expect(try await rig.stats(.export).waiting == 1)
    }

    @Test func aFrozenServerCostsNothingButTime() async throws {
        let server = try RedisServer()
        let rig = try Rig(server: server) { $0.commandTimeout = .milliseconds(300) }
        let worker = TestWorker(rig, slots: 8)
        for round in 0..<3 {
            _ = try await rig.queue.enqueue((0..<4).map { _ in echo() }, on: .scan)
            _ = try await worker.claim(round * 4 + 3)
            server.freeze()
            for claim in worker.claims.suffix(4) { worker.consumer.finish(claim, .done()) }
            try await Task.sleep(for: .seconds(1))
            server.thaw()
            try await eventually("settled") {
                worker.consumer.status.settled == (round + 1) * 4 && worker.consumer.status.running == 0
            }
        }
        #expect(try await rig.stats().processed == 12)
        #expect(try await rig.stats().running == 0)
    }

    @Test func aWorkerWithoutContactGivesItsJobsUpBeforeItsLeaseEnds() async throws {
        let server = try RedisServer()
        let rig = try Rig(server: server) {
            $0.lease = .seconds(3)
            $0.selfFence = .seconds(2)
            $0.commandTimeout = .milliseconds(300)
        }
        let worker = TestWorker(rig)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        let claim = try await worker.claim()
        server.freeze()
        let start = ContinuousClock.now
        try await eventually("given up") { worker.abandoned == [claim] }
        let given = try #require(worker.abandonedAt)
        #expect(given - start < .milliseconds(2_900))
        worker.consumer.finish(claim, .done())
        server.thaw()
        let again = try await worker.claim(1)
        #expect(again.envelope.id == claim.envelope.id && again.fence > claim.fence)
        worker.consumer.finish(again, .done())
        try await eventually("settled") { try await rig.stats().processed == 1 }
    }

    @Test func aLostAnswerLosesNoJob() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        try await eventually("registered") { worker.consumer.status.isConnected }
        // As if the script had run and its answer had never come.
        let raw = try echo().wire()
        try await rig.client.send(["LPUSH", .text(rig.keys.running(worker.consumer.status.worker)), .bytes(raw)])
        _ = try await worker.claim()
        try await eventually("settled") { try await rig.stats().processed == 1 }
        #expect(try await rig.stats().running == 0)
    }

    @Test func fullMemoryDoesNotStopRunningJobsFromEnding() async throws {
        let server = try RedisServer(arguments: ["--maxmemory-policy", "noeviction"])
        let rig = try Rig(server: server) {
            $0.lease = .seconds(1)
            $0.selfFence = .milliseconds(800)
        }
        let worker = TestWorker(rig, slots: 2)
        _ = try await rig.queue.enqueue([echo("a"), echo("b"), echo("c")], on: .scan)
        _ = try await worker.claim(1)
        try server.cli("CONFIG", "SET", "maxmemory", "1kb")
        try await Task.sleep(for: .seconds(2))
        #expect(worker.abandoned.isEmpty)
        worker.consumer.finish(worker.claims[0], .failed(JobFailure(.transient, code: "c", message: "m")))
        worker.consumer.finish(worker.claims[1], .done())
        let third = try await worker.claim(2)
        worker.consumer.finish(third, .done())
        try await eventually("two done") { try await rig.stats().processed >= 2 }
        try server.cli("CONFIG", "SET", "maxmemory", "0")
        worker.consumer.finish(try await worker.claim(3), .done())
        try await eventually("all done") { try await rig.stats().processed == 3 }
    }

    @Test func startsBeforeRedisDoes() async throws {
        let server = try RedisServer()
        let rig = try Rig(server: server)
        server.kill()
        let worker = TestWorker(rig) { _ in .done() }
        try await Task.sleep(for: .milliseconds(300))
        #expect(!worker.consumer.status.isConnected)
        try server.start()
        try rig.server.cli("LPUSH", rig.keys.waiting(.scan), #"{"v":1,"kind":"echo","payload":1}"#)
        _ = try await worker.claim()
    }
}
