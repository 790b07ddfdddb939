import Foundation
import Model
import Redis
import Synchronization
import TestServers
import Testing

@testable import JobQueue

/// Fences go on rising, whatever happens to Redis.
@Suite struct FenceTests {
    /// Stands in for the record: remembers who asked, and answers when it is told to.
    private final class Floors: Sendable {
        let asked = Mutex<[(server: String, answer: @Sendable (Int64) -> Void)]>([])
        let automatic: Int64?

        init(answering automatic: Int64?) { self.automatic = automatic }

        var count: Int { asked.withLock { $0.count } }

        @Sendable func ask(_ server: String, _ answer: @escaping @Sendable (Int64) -> Void) {
            asked.withLock { $0.append((server, answer)) }
            if let automatic { answer(automatic) }
        }
    }

    private static let inAYear = (Int64(Date().timeIntervalSince1970) + 31_536_000) * 1_000_000

    @Test func nothingIsClaimedBeforeTheFloorIsKnown() async throws {
        let rig = try Rig {
            $0.lease = .seconds(2)
            $0.selfFence = .milliseconds(1_500)
        }
        let floors = Floors(answering: nil)
        let worker = TestWorker(rig, fenceFloor: floors.ask)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        try await eventually("asked") { floors.count == 1 }
        try await Task.sleep(for: .milliseconds(2_500))
        #expect(worker.claims.isEmpty && floors.count == 1)
        let renewed = try #require(worker.consumer.status.sinceRenewal)
        #expect(renewed < .seconds(1), "the lease is kept meanwhile")
        #expect(worker.consumer.status.isConnected)
        floors.asked.withLock { $0[0].answer(Self.inAYear) }
        #expect(try await worker.claim().fence == Self.inAYear + 1)
    }

    @Test func aFloorRaisesAndNeverLowers() async throws {
        let rig = try Rig()
        try await rig.client.send(["SET", .text(rig.keys.fence), .int(Self.inAYear)])
        let worker = TestWorker(rig, fenceFloor: Floors(answering: 5).ask)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        #expect(try await worker.claim().fence == Self.inAYear + 1)
    }

    @Test func oneAnswerIsForAllWorkersOfAServer() async throws {
        let rig = try Rig()
        let floors = Floors(answering: Self.inAYear)
        let first = TestWorker(rig, fenceFloor: floors.ask)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        _ = try await first.claim()
        let second = TestWorker(rig, fenceFloor: floors.ask)
        try await eventually("connected") { second.consumer.status.isConnected }
        first.consumer.stop(grace: .zero)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        #expect(try await second.claim().fence == Self.inAYear + 2)
        #expect(floors.count == 1)
    }

    @Test func anEmptiedOrRestartedServerIsAskedAboutAgain() async throws {
        let server = try RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let rig = try Rig(server: server)
        let floors = Floors(answering: Self.inAYear)
        let worker = TestWorker(rig, handler: { _ in .done() }, fenceFloor: floors.ask)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        _ = try await worker.claim(0)
        try server.cli("FLUSHALL")
        try await eventually("asked again") { floors.count == 2 }
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        #expect(try await worker.claim(1).fence == Self.inAYear + 1)
        server.kill()
        try server.start()
        try await eventually("asked once more") { floors.count == 3 }
        try server.cli("LPUSH", rig.keys.waiting(.scan), #"{"v":1,"kind":"echo","payload":1}"#)
        #expect(try await worker.claim(2).fence == Self.inAYear + 2)
        let servers = floors.asked.withLock { $0.map(\.server) }
        #expect(servers[0] == servers[1] && servers[1] != servers[2])
    }

    @Test func aQueueWithoutARecordGoesByItsOwnCount() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        let fence = try await worker.claim().fence
        #expect(abs(fence - Int64(Date().timeIntervalSince1970 * 1_000_000)) < 60_000_000)
        let noted = try await rig.client.send(["GET", .text(rig.keys.fenceEpoch)]).string
        #expect(try rig.server.cli("INFO", "server").contains("run_id:\(noted ?? "none")"))
    }
}
