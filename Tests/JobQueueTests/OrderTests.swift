import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

@Suite struct OrderTests {
    @Test func cancelsWaitingDelayedAndRunningJobs() async throws {
        let rig = try Rig()
        let jobs = [echo("runs"), echo("waits"), echo("delayed"), echo("other")]
        let worker = TestWorker(rig, slots: 1)
        _ = try await rig.queue.enqueue([jobs[0]], on: .scan)
        let running = try await worker.claim()
        var late = jobs[2]
        late.notBefore = Date().addingTimeInterval(3_600)
        _ = try await rig.queue.enqueue([jobs[1], late, jobs[3]], on: .scan)
        try await rig.queue.cancel([jobs[0].id, jobs[1].id, jobs[2].id])
        #expect(try await rig.stats().delayed == 0)
        #expect(try await rig.queue.state(of: jobs[1].id)?.state == .cancelled)
        #expect(try await rig.queue.state(of: jobs[2].id)?.state == .cancelled)
        try await eventually("handler told") { worker.cancelled == [running] }
        worker.consumer.finish(running, .cancelled)
        #expect(try await worker.claim(1).envelope.id == jobs[3].id)
        #expect(try await rig.queue.state(of: jobs[0].id)?.state == .cancelled)
        #expect(worker.ended.map(\.0.id) == [jobs[1].id] && worker.ended.first?.1 == .cancelled)
        #expect(worker.cancelled.count == 1)
        try await rig.queue.forgetCancellation([jobs[1].id])
        _ = try await rig.queue.enqueue([jobs[1]], on: .scan)
        worker.consumer.finish(worker.claims[1], .done())
        #expect(try await worker.claim(2).envelope.id == jobs[1].id)
    }

    @Test func aMissedCancellationIsFoundLater() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        let job = echo()
        _ = try await rig.queue.enqueue([job], on: .scan)
        let claim = try await worker.claim()
        let expiry = Int64(Date().timeIntervalSince1970 * 1000) + 60_000
        try await rig.client.send(["ZADD", .text(rig.keys.cancelled), .int(expiry), .text(job.id.rawValue)])
        try await eventually("handler told") { worker.cancelled == [claim] }
    }

    @Test func pausesAndResumes() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        try await rig.queue.pause(.scan)
        try await eventually("seen") { worker.consumer.status.isPaused }
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        try await Task.sleep(for: .milliseconds(700))
        #expect(worker.claims.isEmpty)
        #expect(try await rig.stats().isPaused)
        try await rig.queue.resume(.scan)
        _ = try await worker.claim()
        #expect(try await !rig.stats().isPaused)
    }

    @Test func aUniqueKeyHoldsUntilItsJobEnds() async throws {
        let rig = try Rig()
        var first = echo("first")
        var second = echo("second")
        first.uniqueKey = "k"
        second.uniqueKey = "k"
        #expect(try await rig.queue.enqueue([first], on: .scan) == [.enqueued(first.id)])
        #expect(try await rig.queue.enqueue([second], on: .scan) == [.duplicate(of: first.id)])
        #expect(try await rig.queue.enqueue([second], on: .analyze) == [.enqueued(second.id)])
        let worker = TestWorker(rig)
        let claim = try await worker.claim()
        // A raw producer's key is looked at when the job is claimed.
        try await rig.push(#"{"v":1,"id":"raw","kind":"echo","payload":1,"unique_key":"k"}"#)
        try await eventually("dropped") { worker.ended.map(\.0.id.rawValue) == ["raw"] }
        #expect(worker.ended.first?.2.code == "duplicate")
        // A retry keeps the key.
        worker.consumer.finish(claim, .failed(JobFailure(.transient, code: "c", message: "m")))
        let again = try await worker.claim(1)
        #expect(try await rig.queue.enqueue([second], on: .scan) == [.duplicate(of: first.id)])
        worker.consumer.finish(again, .done())
        try await eventually("ended") { try await rig.stats().processed == 1 }
        #expect(try await rig.queue.enqueue([second], on: .scan) == [.enqueued(second.id)])
        _ = try await worker.claim(2)
    }

    @Test func refusesWhatAFullQueueCannotTake() async throws {
        let rig = try Rig { $0.maxWaiting = 2_501 }
        var late = echo("late")
        late.notBefore = Date().addingTimeInterval(3_600)
        _ = try await rig.queue.enqueue([late], on: .export)
        let jobs = (0..<2_500).map { echo("\($0)") }
        let outcomes = try await rig.queue.enqueue(jobs, on: .export)
        #expect(outcomes == jobs.map { .enqueued($0.id) })
        let error = await #expect(throws: JobQueueError.self) { try await rig.queue.enqueue([echo()], on: .export) }
        #expect(error == .queueFull(.export, limit: 2_501))
        let waiting = try await rig.list(rig.keys.waiting(.export))
        #expect(try waiting.reversed() == jobs.map { String(decoding: try $0.wire(), as: UTF8.self) })
        var known: [JobID] = []
        var cursor: KnownJobs.Cursor?
        repeat {
            let page = try await rig.queue.knownJobIDs(.export, cursor: cursor)
            known += page.ids
            cursor = page.next
        } while cursor != nil
        #expect(known.count == 2_501 && Set(known) == Set(jobs.map(\.id) + [late.id]))
    }

    @Test func refusesWhatCanNeverBeQueued() async throws {
        let rig = try Rig()
        let huge = JobEnvelope(kind: "echo", payload: .string(String(repeating: "x", count: JobEnvelope.maxBytes)))
        await #expect(throws: JobQueueError.self) { try await rig.queue.enqueue([huge], on: .scan) }
        #expect(try await rig.stats().waiting == 0)
    }

    @Test func tellsWhenRedisIsFullAndWhenItIsAway() async throws {
        let server = try RedisServer(arguments: ["--maxmemory-policy", "noeviction"])
        let rig = try Rig(server: server)
        _ = try await rig.queue.enqueue([echo()], on: .scan)
        try server.cli("CONFIG", "SET", "maxmemory", "1kb")
        let error = await #expect(throws: JobQueueError.self) { try await rig.queue.enqueue([echo()], on: .scan) }
        #expect(error == .redisOutOfMemory)
        server.kill()
        await #expect(throws: JobQueueError.self) { try await rig.queue.enqueue([echo()], on: .scan) }
    }

    @Test func keepsAMarker() async throws {
        let rig = try Rig()
        #expect(try await rig.queue.marker() == nil)
        try await rig.queue.setMarker("epoch-1")
        #expect(try await rig.queue.marker() == "epoch-1")
    }

    @Test func demandIsWaitingAndRunningAndDue() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 3)
        var late = echo()
        late.notBefore = Date().addingTimeInterval(3_600)
        _ = try await rig.queue.enqueue((0..<10).map { _ in echo() } + [late], on: .scan)
        try await eventually("counted") { try await rig.count("ZCARD", rig.keys.demand(.scan)) == 10 }
        _ = try await worker.claim(2)
        for claim in worker.claims { worker.consumer.finish(claim, .done()) }
        try await eventually("counted") { try await rig.count("ZCARD", rig.keys.demand(.scan)) == 7 }
        _ = try await rig.queue.enqueue((0..<12_000).map { _ in echo() }, on: .scan)
        try await eventually("counted") { try await rig.count("ZCARD", rig.keys.demand(.scan)) == 12_007 }
    }
}
