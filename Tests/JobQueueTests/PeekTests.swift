import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// The claim that stands at Redis while a worker sleeps: whatever becomes of its answer, each job is run once.
@Suite struct PeekTests {
    @Test func whatComesAfterADrainIsForOthers() async throws {
        let rig = try Rig()
        let other = TestWorker(rig, handler: { _ in .done() })
        for round in 1...15 {
            let drained = TestWorker(rig)
            try await eventually("asleep") { drained.consumer.isAsleep && other.consumer.isAsleep }
            drained.consumer.drain()
            _ = try await rig.queue.enqueue([echo()], on: .scan)
            try await eventually("done") { try await rig.stats().processed == round }
            #expect(drained.claims.isEmpty)
            drained.consumer.stop(grace: .zero)
        }
        #expect(other.claims.count == 15)
    }

    @Test(arguments: ["peek", "claim", "orders"])
    func aConnectionMayBreakAtAnyMomentOfAClaim(role: String) async throws {
        let server = try RedisServer()
        let rig = try Rig(server: server)
        let worker = TestWorker(rig, handler: { _ in .done() })
        var producer = try RedisConnection.open(rig.url, name: "producer")
        var killer = try RedisConnection.open(rig.url, name: "killer")
        for round in 1...60 {
            try await eventually("asleep") { worker.consumer.isAsleep && worker.consumer.status.isConnected }
            var id = ""
            try await eventually("connected") {
                let clients = try await rig.client.send(["CLIENT", "LIST"]).string ?? ""
                let line = clients.split(separator: "\n").first { $0.contains("-\(role) ") }
                id = line?.split(separator: " ").first.map { String($0.dropFirst("id=".count)) } ?? ""
                return !id.isEmpty
            }
            try producer.post(
                CommandBuffer([
                    "LPUSH", .text(rig.keys.waiting(.scan)),
                    .text(#"{"v":1,"id":"job-\#(round)","kind":"echo","payload":{}}"#),
                ]))
            // From before the claim to after its answer.
            usleep(UInt32(round) * 8)
            _ = try? killer.send("CLIENT", "KILL", "ID", .text(id))
            _ = try producer.receive(within: .seconds(1), orInputOn: -1)
            try await eventually("round \(round)") { worker.claims.count >= round }
        }
        try await eventually("settled") { try await rig.stats().processed == 60 }
        #expect(worker.claims.count == 60 && Set(worker.claims.map(\.envelope.id)).count == 60)
        let stats = try await rig.stats()
        #expect(stats.running == 0 && stats.waiting == 0)
    }
}

extension Consumer {
    /// Whether the claiming thread waits for the queue to have something.
    fileprivate var isAsleep: Bool { state.withLock { $0.question != nil } }
}
