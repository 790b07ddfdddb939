import Foundation
import Model
import NIOCore
import TestServers
import Testing

@testable import API
@testable import JobQueue

@Suite struct EventTests {
    struct Event: Equatable {
        var id: Int64?
        var name: String
        var data: JSONValue
    }

    private func events(in text: String) -> [Event] {
        text.components(separatedBy: "\n\n").compactMap { block in
            var event = Event(id: nil, name: "", data: .null)
            for line in block.split(separator: "\n") {
                if line.hasPrefix("id: ") { event.id = Int64(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") {
                    event.data = (try? JSON.decode(JSONValue.self, from: String(line.dropFirst(6)))) ?? .null
                }
            }
            return event.name.isEmpty ? nil : event
        }
    }

    /// Reads a stream to its end, or for at most `seconds`.
    private func watch(
        _ fleet: LiveFleet, _ path: String, after last: Int64? = nil, seconds: Int = 90
    ) async throws -> (events: [Event], ended: Bool, status: Int) {
        let answer = try await fleet.api.request(
            "GET", path, key: fleet.key, headers: last.map { ["Last-Event-ID: \($0)"] } ?? [],
            curl: ["-N", "-m", "\(seconds)"])
        return (events(in: answer.text), !answer.curl.contains("timed out"), answer.status)
    }

    /// Returns once a stream has joined the channel, and has had time to read the state.
    private func joined(_ fleet: LiveFleet, _ subject: String, count: Int = 1) async throws {
        let channel = "flotilla:progress:\(subject)"
        try await eventually("the channel is joined") {
            try fleet.redis.cli("PUBSUB", "NUMSUB", channel).hasSuffix("\n1")
        }
        try await eventually("the streams are open") { try await openStreams(fleet) >= count }
        try await Task.sleep(for: .milliseconds(400))
    }

    private func openStreams(_ fleet: LiveFleet) async throws -> Int {
        let metrics = try await fleet.api.request("GET", "/metrics", key: nil).text
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("flotilla_api_event_streams ") }
        return (line?.split(separator: " ").last).flatMap { Int($0) } ?? 0
    }

    private func publish(_ fleet: LiveFleet, _ name: EventName, _ batch: String, n: Int64 = 0) async throws {
        _ = try await fleet.queue.publish(
            ProgressEvent(name, batch: UUID(uuidString: batch), data: ["n": .int(n)]))
    }

    @Test func aSnapshotThenEveryEventThenTheEnd() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        async let watched = watch(fleet, "/v1/batches/\(batch)/events")
        try await joined(fleet, batch)
        for n in 1...50 { try await publish(fleet, .stepProgress, batch, n: Int64(n)) }
        try await publish(fleet, .batchCompleted, batch)
        let (events, ended, _) = try await watched
        #expect(ended)
        #expect(events.first?.name == "snapshot")
        let first = events.first?.data
        #expect(first?["status"] == "processing" && first?["total"] == 1 && first?["id"]?.string == batch)
        let start = try #require(events.first?.id)
        #expect(events.dropFirst().map(\.id) == (1...51).map { start + $0 })
        #expect(events.last?.name == "BATCH_COMPLETED")
        #expect(events.dropFirst().first?.data["data"] == ["n": 1])
    }

    @Test func resumingHasNeitherGapNorDouble() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        for n in 1...20 { try await publish(fleet, .stepProgress, batch, n: Int64(n)) }
        let subject = try #require(try await fleet.queue.snapshot(batch))
        let from = subject.seq - 15
        async let watched = watch(fleet, "/v1/batches/\(batch)/events", after: from)
        for n in 21...60 { try await publish(fleet, .stepProgress, batch, n: Int64(n)) }
        try await publish(fleet, .batchCompleted, batch)
        let (events, ended, _) = try await watched
        #expect(ended)
        #expect(events.map(\.id) == (from + 1...subject.seq + 41).map { $0 })
        #expect(events.last?.name == "BATCH_COMPLETED")
    }

    @Test func whatIsNoLongerKeptIsASnapshot() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        for n in 1...10 { try await publish(fleet, .stepProgress, batch, n: Int64(n)) }
        try fleet.redis.cli("LTRIM", "{flotilla}:events:\(batch)", "-3", "-1")
        let last = try #require(try await fleet.queue.snapshot(batch)).seq
        async let watched = watch(fleet, "/v1/batches/\(batch)/events", after: 2)
        try await joined(fleet, batch)
        try await publish(fleet, .batchCancelled, batch)
        let (events, ended, _) = try await watched
        #expect(ended)
        #expect(events.map(\.name) == ["snapshot", "BATCH_CANCELLED"])
        #expect(events.map(\.id) == [last, last + 1])
    }

    @Test func anEmptiedRedisIsASnapshotToo() async throws {
        let fleet = try await LiveFleet()
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        for n in 1...5 { try await publish(fleet, .stepProgress, batch, n: Int64(n)) }
        async let watched = watch(fleet, "/v1/batches/\(batch)/events")
        try await joined(fleet, batch)
        try fleet.redis.cli("FLUSHALL")
        try await publish(fleet, .stepProgress, batch, n: 6)
        try await Task.sleep(for: .seconds(6))
        try await publish(fleet, .batchCompleted, batch)
        let (events, ended, _) = try await watched
        #expect(ended)
        #expect(events.map(\.name) == ["snapshot", "snapshot", "BATCH_COMPLETED"])
        #expect(events.last?.id == 2)
    }

    @Test func aFinishedBatchIsASnapshotAndTheEnd() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        _ = try await fleet.finish(batch: batch, storing: false)
        try await publish(fleet, .batchCompleted, batch)
        let (events, ended, _) = try await watch(fleet, "/v1/batches/\(batch)/events")
        #expect(ended && events.map(\.name) == ["snapshot"])
        #expect(events.first?.data["status"] == "completed" && events.first?.data["last_event"] == "BATCH_COMPLETED")
        let again = try await watch(fleet, "/v1/batches/\(batch)/events", after: events.first?.id ?? nil)
        #expect(again.status == 204 && again.events.isEmpty)
        try fleet.redis.cli("DEL", "{flotilla}:snapshot:\(batch)", "{flotilla}:events:\(batch)")
        let expired = try await watch(fleet, "/v1/batches/\(batch)/events")
        #expect(expired.ended && expired.events.map(\.name) == ["snapshot"])
        #expect(expired.events.first?.data["status"] == "completed")
    }

    @Test func cancellingABatchEndsItsStream() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        async let watched = watch(fleet, "/v1/batches/\(batch)/events")
        try await joined(fleet, batch)
        #expect(try await fleet.api.request("DELETE", "/v1/batches/\(batch)", key: fleet.key).status == 204)
        let (events, ended, _) = try await watched
        #expect(ended && events.last?.name == "BATCH_CANCELLED")
    }

    @Test func singleJobsHaveAStreamOfTheirOwn() async throws {
        let fleet = try await LiveFleet.shared.value
        let job = try await fleet.api.request(
            "POST", "/v1/jobs", key: fleet.key, json: #"{"queue":"export","kind":"echo","payload":1}"#)
        async let watched = watch(fleet, "/v1/jobs/\(job.id)/events")
        try await joined(fleet, job.id)
        let id = try #require(JobID(job.id))
        try await fleet.queue.publish(ProgressEvent(.jobStarted, job: id))
        try await fleet.queue.publish(ProgressEvent(.jobCompleted, job: id))
        let (events, ended, _) = try await watched
        #expect(ended && events.map(\.name) == ["snapshot", "JOB_STARTED", "JOB_COMPLETED"])
        #expect(try await watch(fleet, "/v1/jobs/none/events").status == 404)
    }

    @Test func manyReadersShareOneConnection() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        let all = try await withThrowingTaskGroup(of: [Event].self) { group in
            for _ in 0..<12 { group.addTask { try await watch(fleet, "/v1/batches/\(batch)/events").events } }
            try await joined(fleet, batch, count: 12)
            for n in 1...20 { try await publish(fleet, .stepProgress, batch, n: Int64(n)) }
            try await publish(fleet, .batchCompleted, batch)
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(all.allSatisfy { $0.last?.name == "BATCH_COMPLETED" && Set($0.map(\.id)).count == $0.count })
    }

    @Test(arguments: ["-1", "x", "1; DROP", "99999999999999999999"])
    func badLastEventID(id: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.makeBatch(key: fleet.key)
        let answer = try await fleet.api.request(
            "GET", "/v1/batches/\(batch)/events", key: fleet.key, headers: ["Last-Event-ID: \(id)"])
        #expect(answer.status == 400 && answer.json["field"] == "Last-Event-ID")
    }

    @Test func anOpenStreamDoesNotHoldTheStopUp() async throws {
        let fleet = try await LiveFleet()
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        async let watched = watch(fleet, "/v1/batches/\(batch)/events")
        try await joined(fleet, batch)
        let start = ContinuousClock.now
        fleet.api.server.signal(SIGTERM)
        let (events, ended, _) = try await watched
        #expect(ended && events.map(\.name) == ["snapshot"])
        try await eventually("the API has stopped") { fleet.api.server.log.contains("\"Stopped\"") }
        #expect(start.duration(to: .now) < .seconds(4))
        #expect(fleet.api.server.log.contains("\"Stopped\""))
    }
}

@Suite struct EventCursorTests {
    private func message(_ seq: Int64, _ event: String = "STEP_PROGRESS") -> EventMessage {
        EventMessage(seq: seq, json: Array(#"{"v":1,"seq":\#(seq),"event":"\#(event)"}"#.utf8))
    }

    @Test func knownOnesAreDroppedAndGapsSeen() {
        var cursor = EventCursor(after: 5)
        #expect(cursor.take(live: message(4).json) == nil && !cursor.needsList)
        #expect(cursor.take(live: message(6).json)?.id == 6)
        #expect(cursor.take(live: message(6).json) == nil && !cursor.needsList)
        #expect(cursor.take(live: message(9).json) == nil && cursor.needsList)
        #expect(
            cursor.take(kept: [message(5), message(6), message(7), message(8), message(9)])?.map(\.id) == [7, 8, 9])
        #expect(cursor.last == 9 && !cursor.needsList)
        #expect(cursor.take(kept: [message(12)]) == nil)
        #expect(cursor.take(kept: []) == [])
    }

    @Test func theTerminalEventEnds() {
        var cursor = EventCursor(after: 0)
        #expect(cursor.take(kept: [message(1), message(2, "BATCH_COMPLETED"), message(3)])?.map(\.id) == [1, 2])
        #expect(cursor.isFinished)
        #expect(cursor.take(live: message(3).json) == nil)
    }

    @Test func garbageIsIgnored() {
        var cursor = EventCursor(after: 0)
        for text in ["", "{", "[]", #"{"seq":"1","event":"X"}"#, #"{"seq":1}"#] {
            #expect(cursor.take(live: Array(text.utf8)) == nil && !cursor.needsList)
        }
    }

    @Test func linesOfDataStayInTheirEvent() {
        var out = ByteBuffer()
        ServerSentEvent(id: 3, name: "A\nB", data: Array("one\ntwo\r\nthree".utf8)).write(to: &out)
        #expect(String(buffer: out) == "id: 3\nevent: AB\ndata: one\ndata: two\ndata: three\n\n")
    }
}
