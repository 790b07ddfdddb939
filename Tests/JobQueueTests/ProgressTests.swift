import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

@Suite struct ProgressTests {
    @Test func theLogKeepsTheNewestLinesInOrderForAsLongAsResultsStay() async throws {
        let rig = try Rig {
            $0.maxEvents = 10
            $0.resultTTL = .seconds(100)
        }
        let id = JobID.random()
        for number in 0..<25 {
            try await rig.queue.publish(
                ProgressEvent(.jobLog, job: id, data: ["line": .string("\(number)"), "attempt": 1]))
        }
        #expect(try await rig.queue.log(of: id).map(\.line) == (15..<25).map { "\($0)" })
        #expect((1...100_000).contains(try await rig.count("PTTL", rig.keys.log(id.rawValue))))
    }

    @Test func theThrottleKeepsTheLast() {
        var throttle = ProgressThrottle<Int>()
        let start = ContinuousClock.now
        var sent: [Int] = []
        for number in 0..<1_000 {
            let now = start + .milliseconds(number)
            if let due = throttle.take(at: now) { sent.append(due) }
            if let message = throttle.offer(number, at: now) { sent.append(message) }
        }
        #expect(sent.count <= 5)
        #expect(throttle.take(at: start + .seconds(2)) == 999)
        #expect(throttle.take(at: start + .seconds(3)) == nil)
        _ = throttle.offer(1, at: start + .seconds(4))
        #expect(throttle.offer(2, at: start + .seconds(4)) == nil)
        #expect(throttle.flush() == 2 && throttle.flush() == nil)
    }

    @Test func sequencesHaveNoGapsUnderConcurrency() async throws {
        let rig = try Rig { $0.maxEvents = 300 }
        let batch = UUID()
        let subject = batch.uuidString.lowercased()
        let subscriber = RedisSubscriber(rig.url, name: "test")
        var events = subscriber.events(on: rig.queue.progressChannel(subject), bufferingNewest: 1_000)
            .makeAsyncIterator()
        #expect(await events.next() == .subscribed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<10 {
                group.addTask {
                    for step in 0..<50 {
                        let event = ProgressEvent(
                            .stepProgress, batch: batch, asset: UUID(), queue: .compress, stage: "encode",
                            percent: Double(step * 2), data: ["task": .int(Int64(task))])
                        try await rig.queue.publish(event, fields: ["total": "500"])
                    }
                }
            }
            try await group.waitForAll()
        }
        try await rig.queue.publish(ProgressEvent(.batchCompleted, batch: batch, percent: 100))
        var heard: [Int64] = []
        while heard.count < 501, case .message(_, let payload)? = await events.next() {
            heard.append(try #require(EventMessage.seq(of: payload)))
        }
        #expect(heard == Array(1...501))
        let snapshot = try #require(try await rig.queue.snapshot(subject))
        #expect(snapshot.seq == 501 && snapshot.event == "BATCH_COMPLETED" && snapshot.isFinal)
        #expect(snapshot.fields["total"] == "500" && snapshot.status == "completed" && snapshot.percent == 100)
        let kept = try await rig.queue.events(subject, after: 450)
        #expect(kept.map(\.seq) == Array(451...501))
        #expect(try await rig.queue.events(subject, after: 0).first?.seq == 202)
    }

    @Test(
        "A subscriber that misses a tenth of the messages ends with all of them, and in the right state",
        arguments: [1, 2, UInt64.random(in: 3...UInt64.max)])
    func lossySubscriber(seed: UInt64) async throws {
        let rig = try Rig()
        var random = SeededGenerator(seed: seed)
        let subject = UUID().uuidString.lowercased()
        let batch = try #require(UUID(uuidString: subject))
        let subscriber = RedisSubscriber(rig.url, name: "test")
        var events = subscriber.events(on: rig.queue.progressChannel(subject), bufferingNewest: 1_000)
            .makeAsyncIterator()
        #expect(await events.next() == .subscribed)
        for step in 1...200 {
            try await rig.queue.publish(ProgressEvent(.stepProgress, batch: batch, percent: Double(step) / 2))
        }
        try await rig.queue.publish(ProgressEvent(.batchCompleted, batch: batch, percent: 100))
        // As docs/queue-protocol.md tells subscribers; the last message may be among those missed.
        var heard: [Int64] = []
        for _ in 1...201 {
            guard case .message(_, let payload)? = await events.next() else { break }
            let seq = try #require(EventMessage.seq(of: payload))
            if Int.random(in: 0..<10, using: &random) == 0 || seq <= heard.last ?? 0 { continue }
            if seq > (heard.last ?? 0) + 1 {
                heard += try await rig.queue.events(subject, after: heard.last ?? 0).map(\.seq)
            } else {
                heard.append(seq)
            }
        }
        // Nothing heard for a while: the snapshot is the truth.
        let snapshot = try #require(try await rig.queue.snapshot(subject))
        if snapshot.seq > heard.last ?? 0 {
            heard += try await rig.queue.events(subject, after: heard.last ?? 0).map(\.seq)
        }
        #expect(heard == Array(1...201), "seed \(seed)")
        #expect(snapshot.isFinal && snapshot.status == "completed" && snapshot.seq == 201)
    }

    @Test func messagesHaveTheShapeOfTheContract() async throws {
        let rig = try Rig()
        let batch = UUID()
        let asset = UUID()
        let event = ProgressEvent(
            .imageProcessed, batch: batch, asset: asset, job: JobID("j1"), queue: .compress, stage: "a\"b\n",
            percent: 42, data: ["x": [1, nil, "ü"]])
        #expect(try await rig.queue.publish(event) == 1)
        let json = try #require(try await rig.queue.events(batch.uuidString.lowercased(), after: 0).first?.json)
        let tree = try JSON.decode(JSONValue.self, from: json)
        let at = try #require(tree["at"]?.string)
        #expect(RFC3339.parse(at) != nil)
        #expect(
            tree == [
                "v": 1, "seq": 1, "event": "IMAGE_PROCESSED", "batch": .string(batch.uuidString.lowercased()),
                "asset": .string(asset.uuidString.lowercased()), "job": "j1", "queue": "compress",
                "stage": "a\"b\n", "percent": 42, "at": .string(at), "data": ["x": [1, nil, "ü"]],
            ])
        #expect(String(decoding: json, as: UTF8.self).contains(#""percent":42.0,"#))
        #expect(try await rig.queue.publish(ProgressEvent(.stepStarted)) == nil)
    }

    @Test func aZombieIsNotHeard() async throws {
        let rig = try Rig()
        let batch = UUID()
        func event(_ job: String) -> ProgressEvent { ProgressEvent(.stepProgress, batch: batch, job: JobID(job)) }
        #expect(try await rig.queue.publish(event("a"), fence: 10) == 1)
        #expect(try await rig.queue.publish(event("a"), fence: 11) == 2)
        #expect(try await rig.queue.publish(event("a"), fence: 10) == nil)
        #expect(try await rig.queue.publish(event("b"), fence: 5) == 3)
        #expect(try await rig.queue.publish(event("a"), fence: 11) == 4)
        let single = ProgressEvent(.jobProgress, job: JobID("c"))
        #expect(try await rig.queue.publish(single, fence: 8) == 1)
        #expect(try await rig.queue.publish(single, fence: 7) == nil)
    }

    @Test func aSingleJobTellsItsLife() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        let job = echo(attempts: 2)
        _ = try await rig.queue.enqueue([job], on: .scan)
        #expect(try await rig.queue.state(of: job.id)?.state != nil)
        let claim = try await worker.claim()
        let start = ContinuousClock.now
        for percent in stride(from: 0.0, through: 99, by: 1) {
            worker.consumer.report(ProgressEvent(.jobProgress, job: job.id, queue: .scan, percent: percent), for: claim)
        }
        let reporting = ContinuousClock.now - start
        try await eventually("last progress") { try await rig.queue.snapshot(job.id.rawValue)?.percent == 99 }
        #expect(try await rig.queue.state(of: job.id)?.state == .running)
        worker.consumer.finish(claim, .failed(JobFailure(.transient, code: "c", message: "m")))
        worker.consumer.finish(try await worker.claim(1), .done(result: ["n": 1]))
        try await eventually("done") { try await rig.queue.state(of: job.id)?.state == .done }
        let messages = try await rig.queue.events(job.id.rawValue, after: 0)
        let names = try messages.map { try JSON.decode(JSONValue.self, from: $0.json)["event"]?.string ?? "" }
        #expect(messages.map(\.seq) == Array(1...Int64(messages.count)))
        #expect(names.first == "JOB_STARTED" && names.last == "JOB_COMPLETED" && names.contains("JOB_RETRYING"))
        #expect(Double(names.count { $0 == "JOB_PROGRESS" }) <= 2 + reporting / .milliseconds(250))
        #expect(try await rig.count("TTL", rig.keys.snapshot(job.id.rawValue)) > 80_000)
    }

    @Test func longResultsAreNotKept() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done(result: .string(String(repeating: "x", count: 70_000))) }
        let job = echo()
        _ = try await rig.queue.enqueue([job], on: .scan)
        _ = try await worker.claim()
        try await eventually("done") { try await rig.queue.state(of: job.id)?.state == .done }
        #expect(try await rig.queue.state(of: job.id)?.result == ["truncated": true, "bytes": 70_002])
    }
}
