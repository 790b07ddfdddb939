import Foundation
import JobQueue
import Model
import TestServers
import Testing
import Worker

private struct Failing: JobHandler {
    let kind = "fail"
    let stderrTail: String

    func run(_ job: RunningJob) async throws -> JobOutcome {
        throw JobFailure(.internal, code: "crashed", message: "gone", stderrTail: stderrTail)
    }
}

@Suite struct JobLogTests {
    private func run(_ payload: JSONValue, to end: JobState = .done, attempts: Int = 1, on queue: JobQueue) async throws
        -> JobID
    {
        let job = JobEnvelope(kind: "echo", payload: payload, maxAttempts: attempts)
        _ = try await queue.enqueue([job], on: .export)
        try await eventually("the job is \(end)") { try await queue.state(of: job.id)?.state == end }
        return job.id
    }

    private func events(_ id: JobID, _ queue: JobQueue) async throws -> [(seq: Int64, name: String)] {
        try await queue.events(id.rawValue, after: 0).map { message in
            (message.seq, try JSON.decode(JSONValue.self, from: message.json)["event"]?.string ?? "")
        }
    }

    @Test func linesAreKeptInTheirOrderAndSentWithoutGaps() async throws {
        try await withLoneWorker { queue in
            let id = try await run(["log": ["first", "se\u{1B}[1mcond\nthird"]], on: queue)
            let log = try await queue.log(of: id)
            #expect(log.map(\.line) == ["first", "se [1mcond", "third"] && log.allSatisfy { $0.attempt == 1 })
            #expect(log.allSatisfy { RFC3339.parse($0.at) != nil })
            let events = try await events(id, queue)
            #expect(events.map(\.seq) == Array(1...5))
            #expect(events.map(\.name) == ["JOB_STARTED", "JOB_LOG", "JOB_LOG", "JOB_LOG", "JOB_COMPLETED"])
            #expect(try await queue.state(of: id)?.result == ["log": ["first", "se\u{1B}[1mcond\nthird"]])
        }
    }

    @Test("A flood is cut off and said to be", arguments: [199, 200, 201, 5_000])
    func flood(count: Int) async throws {
        try await withLoneWorker { queue in
            let lines = (0..<count).map { JSONValue.string("line \($0)") }
            let id = try await run(["log": .array(lines)], on: queue)
            let log = try await queue.log(of: id).map(\.line)
            #expect(Array(log.prefix(200)) == (0..<min(count, 200)).map { "line \($0)" })
            #expect(log.count == min(count, 201))
            if count > 200 { #expect(log.last?.hasPrefix("more lines were left out") == true) }
            let events = try await events(id, queue)
            #expect(events.map(\.seq) == Array(1...Int64(events.count)) && events.last?.name == "JOB_COMPLETED")
        }
    }

    @Test func eachFailedAttemptSaysWhy() async throws {
        try await withLoneWorker { queue in
            let id = try await run(["log": ["trying"], "fail": "no luck"], to: .dead, attempts: 2, on: queue)
            let log = try await queue.log(of: id)
            #expect(log.map(\.attempt) == [1, 1, 2, 2])
            #expect(log.map(\.line).filter { $0 == "trying" }.count == 2)
            #expect(log[1].line == "attempt 1 failed: echo_failed: no luck")
        }
    }

    @Test func theEndOfWhatAHelperSaidStandsInTheLog() async throws {
        try await withLoneWorker({ _ in [Failing(stderrTail: (1...30).map { "line \($0)" }.joined(separator: "\n"))] })
        {
            queue in
            let job = JobEnvelope(kind: "fail", payload: .null, maxAttempts: 1)
            _ = try await queue.enqueue([job], on: .export)
            try await eventually("dead") { try await queue.state(of: job.id)?.state == .dead }
            let lines = try await queue.log(of: job.id).map(\.line)
            #expect(lines == ["attempt 1 failed: crashed: gone"] + (11...30).map { "stderr: line \($0)" })
        }
    }

    @Test func whatIsNoListOfLinesIsRefused() async throws {
        try await withLoneWorker { queue in
            for bad in ["text", [1], nil] as [JSONValue] {
                let id = try await run(["log": bad], to: .dead, on: queue)
                #expect(try await queue.state(of: id)?.error?.code == "bad_payload")
            }
        }
    }

    @Test func aStepOfABatchLogsUnderItsBatchAndLeavesItsStateAlone() async throws {
        try await withLoneWorker { queue in
            let (batch, id) = (UUID(), JobID.random())
            let subject = batch.uuidString.lowercased()
            try await queue.publish(
                ProgressEvent(.stepProgress, batch: batch, job: id, stage: "encode", percent: 40),
                fields: ["total": "3"])
            let line = ProgressEvent(.jobLog, batch: batch, job: id, data: ["line": "x264", "attempt": 2])
            #expect(try await queue.publish(line) == 2)
            let log = try await queue.log(of: id)
            #expect(log.map(\.line) == ["x264"] && log.first?.attempt == 2)
            #expect(try await queue.events(subject, after: 1).count == 1)
            let snapshot = try #require(try await queue.snapshot(subject))
            #expect(snapshot.seq == 2 && snapshot.percent == 40 && snapshot.status == "processing")
            #expect(snapshot.event == "STEP_PROGRESS" && snapshot.fields["stage"] == "encode")
            #expect(try await queue.snapshot(id.rawValue) == nil)
        }
    }
}
