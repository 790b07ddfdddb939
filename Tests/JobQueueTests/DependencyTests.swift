import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// A job that waits for others.
func waiting(for others: [JobID], id: JobID = .random(), policy: DependsPolicy = .done) -> JobEnvelope {
    var envelope = echo("waits", id: id)
    envelope.dependsOn = others
    envelope.dependsPolicy = policy
    return envelope
}

extension Rig {
    func state(_ id: JobID) async throws -> JobState? { try await queue.state(of: id)?.state }

    /// A settings' change that lets tests see within a moment what else takes half a minute.
    static func impatient(_ settings: inout QueueSettings) { settings.dependencyInterval = .milliseconds(200) }
}

@Suite struct DependencyTests {
    @Test func aRawPushWaitsForAJobThatComesLater() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        let (first, second) = (JobID.random(), JobID.random())
        try await rig.push(
            #"{"v":1,"id":"\#(second)","kind":"echo","payload":2,"depends_on":["\#(first)","\#(first)"]}"#)
        try await eventually("waits") { try await rig.state(second) == .waiting }
        let snapshot = try #require(try await rig.queue.state(of: second))
        #expect(snapshot.waitingFor == [first] && snapshot.queue == .scan && snapshot.kind == "echo")
        let stats = try await rig.stats()
        #expect(stats.awaiting == 1 && stats.waiting == 0 && stats.running == 0)
        #expect(try await rig.stats(.export).awaiting == 0)
        #expect(try await rig.queue.knownJobIDs(.scan).ids == [second])

        try await rig.push(#"{"v":1,"id":"\#(first)","kind":"echo","payload":1}"#)
        let claim = try await worker.claim()
        #expect(claim.envelope.id == first)
        #expect(try await rig.state(second) == .waiting)
        worker.consumer.finish(claim, .done())
        let next = try await worker.claim(1)
        #expect(next.envelope.id == second && next.attempt == 1)
        worker.consumer.finish(next, .done())
        try await eventually("done") { try await rig.state(second) == .done }
        let events = try await rig.queue.events(second.rawValue, after: 0)
        // The start of a job that ends at once is not always told apart.
        #expect(events.count >= 2 && events.map(\.seq) == Array(1...Int64(events.count)))
        #expect(String(decoding: events[0].json, as: UTF8.self).contains(#""event":"JOB_WAITING""#))
        #expect(try await rig.stats().awaiting == 0)
        // Nothing is left behind but what expires.
        let left = try rig.server.cli("KEYS", "{\(rig.settings.namespace)}:[adn]*").split(separator: "\n")
        #expect(left.filter { $0.contains("awaiting") || $0.contains("depend") || $0.contains("needs") } == [])
    }

    @Test func doesNotWaitForWhatHasEnded() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        let first = echo()
        _ = try await rig.queue.enqueue([first], on: .export)
        let other = TestWorker(rig, queue: .export) { _ in .done() }
        try await eventually("done") { try await rig.state(first.id) == .done }
        let second = waiting(for: [first.id])
        _ = try await rig.queue.enqueue([second], on: .scan)
        try await eventually("done") { try await rig.state(second.id) == .done }
        #expect(worker.claims.count == 1 && other.claims.count == 1)
        #expect(try await rig.queue.events(second.id.rawValue, after: 0).count == 1)
    }

    @Test func waitsForAThousand() async throws {
        let rig = try Rig()
        let last = JobID.random()
        let worker = TestWorker(rig, slots: 50) { _ in .done() }
        let others = (0..<1_000).map { _ in echo() }
        _ = try await rig.queue.enqueue([waiting(for: others.map(\.id), id: last)], on: .scan)
        try await eventually("waits") { try await rig.state(last) == .waiting }
        #expect(try await rig.queue.state(of: last)?.waitingFor.count == 100)
        _ = try await rig.queue.enqueue(Array(others.dropLast()), on: .scan)
        try await eventually("all but one") { try await rig.stats().processed == 999 }
        #expect(try await rig.queue.state(of: last)?.waitingFor == [others[999].id])
        _ = try await rig.queue.enqueue([others[999]], on: .scan)
        try await eventually("done") { try await rig.state(last) == .done }
        #expect(worker.claims.count == 1_001 && worker.claims.last?.envelope.id == last)
        try await rig.push(
            try JSON.string(
                [
                    "v": 1, "kind": "echo", "payload": 1,
                    "depends_on": .array((0...1_000).map { .string("\($0)") }),
                ] as JSONValue))
        try await eventually("dead") { try await rig.stats().dead == 1 }
        #expect(try await rig.queue.dead(.scan).items.first?.code == "unparsable")
    }

    @Test("More may wait for one than one script tells", arguments: [2_500])
    func manyWaitForOne(count: Int) async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 100) { _ in .done() }
        let first = echo()
        _ = try await rig.queue.enqueue((0..<count).map { _ in waiting(for: [first.id]) }, on: .scan)
        try await eventually("wait") { try await rig.stats().awaiting == count }
        _ = try await rig.queue.enqueue([first], on: .scan)
        try await eventually("done") { try await rig.stats().processed == count + 1 }
        #expect(worker.claims.first?.envelope.id == first.id)
    }

    @Test(
        "What becomes of a job whose dependency fails", arguments: [DependsPolicy.done, .ended],
        [JobState.dead, .cancelled])
    func aFailedDependency(policy: DependsPolicy, end: JobState) async throws {
        let rig = try Rig()
        let first = echo("first")
        let worker = TestWorker(rig) { claim in
            guard claim.envelope.id == first.id else { return .done() }
            return end == .cancelled ? .cancelled : .dead(JobFailure(.badInput, code: "c", message: "m"))
        }
        let second = waiting(for: [first.id], policy: policy)
        let third = waiting(for: [second.id], policy: policy)
        _ = try await rig.queue.enqueue([third, second], on: .scan)
        try await eventually("wait") { try await rig.stats().awaiting == 2 }
        _ = try await rig.queue.enqueue([first], on: .scan)
        let last: JobState = policy == .done ? .dead : .done
        try await eventually("over") { try await rig.state(third.id) == last }
        #expect(try await rig.state(second.id) == last)
        guard policy == .done else { return #expect(worker.claims.count == 3) }
        let error = try await rig.queue.state(of: second.id)?.error
        #expect(error?.code == "dependency_failed")
        #expect(error?.message.contains(first.id.rawValue) == true && error?.message.contains(end.rawValue) == true)
        #expect(worker.claims.count == 1 && worker.ended.map(\.2.code) == ["dependency_failed", "dependency_failed"])
    }

    @Test func aJobThatWaitsForItselfIsDead() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        let id = JobID.random()
        _ = try await rig.queue.enqueue([waiting(for: [id], id: id)], on: .scan)
        try await eventually("dead") { try await rig.state(id) == .dead }
        #expect(try await rig.queue.state(of: id)?.error?.code == "depends_on_itself")
        #expect(worker.claims.isEmpty)
    }

    @Test func aDuplicateOfAUniqueKeyCountsAsCancelled() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        var (holder, duplicate) = (echo("holder"), echo("duplicate"))
        holder.uniqueKey = "k"
        duplicate.uniqueKey = "k"
        _ = try await rig.queue.enqueue([holder], on: .scan)
        _ = try await worker.claim()
        let dependent = waiting(for: [duplicate.id])
        _ = try await rig.queue.enqueue([dependent], on: .scan)
        try await eventually("waits") { try await rig.state(dependent.id) == .waiting }
        try await rig.push(String(decoding: try duplicate.wire(), as: UTF8.self))
        try await eventually("dead") { try await rig.state(dependent.id) == .dead }
        #expect(try await rig.state(duplicate.id) == .cancelled)
    }

    /// Whoever comes last closes the circle, and is dead; the others go on as their policies say.
    @Test(arguments: [2, 3, 60], [DependsPolicy.done, .ended])
    func circlesEnd(length: Int, policy: DependsPolicy) async throws {
        let rig = try Rig()
        let workers = [QueueName.scan, .export].map { TestWorker(rig, queue: $0) { _ in .done() } }
        let ids = (0..<length).map { _ in JobID.random() }
        for (number, id) in ids.enumerated() {
            let next = waiting(for: [ids[(number + 1) % length]], id: id, policy: policy)
            _ = try await rig.queue.enqueue([next], on: number % 2 == 0 ? .scan : .export)
        }
        var codes: [String] = []
        for id in ids {
            try await eventually("\(id) ends") { try await rig.state(id)?.isFinal == true }
            if let error = try await rig.queue.state(of: id)?.error { codes.append(error.code) }
        }
        let others = policy == .done ? Array(repeating: "dependency_failed", count: length - 1) : []
        #expect(codes.sorted() == others + ["depends_on_itself"])
        #expect(workers.reduce(0) { $0 + $1.claims.count } == (policy == .done ? 0 : length - 1))
        #expect(try await rig.stats().awaiting + rig.stats(.export).awaiting == 0)
    }

    @Test func aJobIsInNoCircleWithWhatWaitsForTheSame() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        let (first, left, right, last) = (echo(), JobID.random(), JobID.random(), JobID.random())
        _ = try await rig.queue.enqueue(
            [waiting(for: [first.id], id: left), waiting(for: [first.id, left], id: right)], on: .scan)
        _ = try await rig.queue.enqueue([waiting(for: [left, right, first.id], id: last)], on: .scan)
        try await eventually("wait") { try await rig.stats().awaiting == 3 }
        _ = try await rig.queue.enqueue([first], on: .scan)
        try await eventually("done") { try await rig.state(last) == .done }
        #expect(worker.claims.map(\.envelope.id) == [first.id, left, right, last])
    }

    /// Looking for them takes a bounded time.
    @Test func circlesThatAreTooLongWaitUntilOneIsCancelled() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        let ids = (0..<110).map { _ in JobID.random() }
        _ = try await rig.queue.enqueue((0..<110).map { waiting(for: [ids[($0 + 1) % 110]], id: ids[$0]) }, on: .scan)
        try await eventually("wait") { try await rig.stats().awaiting == 110 }
        try await rig.queue.cancel([ids[0]])
        try await eventually("over", within: .seconds(60)) { try await rig.stats().dead == 109 }
        #expect(try await rig.state(ids[0]) == .cancelled)
        #expect(try await rig.stats().awaiting == 0 && worker.claims.isEmpty)
    }
}
