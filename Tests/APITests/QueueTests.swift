import Catalog
import Foundation
import Model
import TestServers
import Testing

@testable import JobQueue

@Suite struct QueueTests {
    /// A dead job as the queue keeps it, with or without a record.
    private func bury(_ id: String, code: String, recorded: Bool, in fleet: LiveFleet, at time: Int) throws {
        var envelope = JobEnvelope(id: try #require(JobID(id)), kind: "echo", payload: ["n": .int(Int64(time))])
        envelope.isRecorded = recorded
        let dead = DeadJob(
            id: envelope.id, queue: .compress, kind: "echo", code: code, reason: "because", attempts: 5, failures: [],
            stderrTail: nil, envelope: try JSON.decode(JSONValue.self, from: try envelope.wire()), rawBase64: nil,
            at: Date(timeIntervalSince1970: Double(time)))
        try fleet.redis.cli("HSET", "{flotilla}:dead:compress:entries", id, try JSON.string(dead))
        try fleet.redis.cli("ZADD", "{flotilla}:dead:compress", "\(time)", id)
    }

    @Test func figuresPauseAndResume() async throws {
        let fleet = try await LiveFleet()
        _ = try await fleet.api.request(
            "POST", "/v1/jobs", key: fleet.key, json: #"{"queue":"scan","kind":"echo","payload":1}"#)
        func queue(_ name: String) async throws -> JSONValue? {
            try await fleet.api.request("GET", "/v1/queues", key: fleet.key).json["items"]?.array?
                .first { $0["queue"]?.string == name }
        }
        let scan = try await queue("scan")
        #expect(scan?["waiting"] == 1 && scan?["paused"] == false && scan?["dead"] == 0)
        let paused = try await fleet.api.request("POST", "/v1/queues/scan/pause", key: fleet.key)
        #expect(paused.status == 200 && paused.json["paused"] == true)
        #expect(try await queue("scan")?["paused"] == true)
        #expect(try await queue("export")?["paused"] == false)
        #expect(try await fleet.api.request("POST", "/v1/queues/scan/resume", key: fleet.key).status == 200)
        #expect(try await queue("scan")?["paused"] == false)
        let unknown = try await fleet.api.request("POST", "/v1/queues/none/pause", key: fleet.key)
        #expect(unknown.status == 404 && unknown.json["allowed"] == "scan, analyze, compress, export")
    }

    @Test func deadJobsArePagedAndRetried() async throws {
        let fleet = try await LiveFleet()
        for n in 1...5 { try bury("dead-\(n)", code: n < 3 ? "crash" : "timeout", recorded: false, in: fleet, at: n) }
        var seen: [String] = []
        var query = "?limit=2"
        for _ in 0..<3 {
            let page = try await fleet.api.request("GET", "/v1/queues/compress/dead\(query)", key: fleet.key)
            #expect(page.status == 200, "\(page.text)")
            seen += page.json["items"]?.array?.compactMap { $0["id"]?.string } ?? []
            guard let next = page.json["next_cursor"]?.string else { break }
            query = "?limit=2&cursor=\(next)"
        }
        #expect(seen == ["dead-5", "dead-4", "dead-3", "dead-2", "dead-1"])
        let bad = try await fleet.api.request("GET", "/v1/queues/compress/dead?cursor=eHg", key: fleet.key)
        #expect(bad.status == 422 && bad.json["field"] == "cursor")

        let path = "/v1/queues/compress/dead/retry"
        let byCode = try await fleet.api.request("POST", path, key: fleet.key, json: #"{"code":"crash"}"#)
        #expect(byCode.json == ["retried": 2, "more": false])
        let byID = try await fleet.api.request("POST", path, key: fleet.key, json: #"{"ids":["dead-3","none"]}"#)
        #expect(byID.json == ["retried": 1, "more": false])
        let all = try await fleet.api.request("POST", path, key: fleet.key)
        #expect(all.json == ["retried": 2, "more": false])
        #expect(try fleet.redis.cli("LLEN", "{flotilla}:queue:compress") == "5")
        for body in [#"{"ids":["a b"]}"#, #"{"ids":"all"}"#, #"{"id":"x"}"#, #"{"ids":[],"code":"x"}"#] {
            #expect(try await fleet.api.request("POST", path, key: fleet.key, json: body).status == 422)
        }
    }

    @Test func aRecordedDeadJobRunsAgainOnce() async throws {
        let fleet = try await LiveFleet()
        let job = try await fleet.api.request(
            "POST", "/v1/jobs", key: fleet.key, json: #"{"queue":"compress","kind":"echo","payload":1}"#)
        let id = try #require(JobID(job.id))
        let early = try await fleet.api.request("POST", "/v1/jobs/\(job.id)/retry", key: fleet.key)
        #expect(early.status == 409 && early.problem == "not_retryable")
        try fleet.redis.cli("DEL", "{flotilla}:queue:compress", "{flotilla}:snapshot:\(job.id)")
        try await fleet.catalog.jobEnded(
            id, claim: nil, state: .dead, error: .init(code: "timeout", message: "Too slow."))
        try bury(job.id, code: "timeout", recorded: true, in: fleet, at: 1)
        let dead = try await fleet.api.request("GET", "/v1/jobs/\(job.id)", key: fleet.key)
        #expect(dead.json["state"] == "dead" && dead.json["error"]?["code"] == "timeout")
        let retried = try await fleet.api.request("POST", "/v1/jobs/\(job.id)/retry", key: fleet.key)
        #expect(retried.status == 202, "\(retried.text)")
        #expect(try fleet.redis.cli("LLEN", "{flotilla}:queue:compress") == "1")
        #expect(try fleet.redis.cli("ZCARD", "{flotilla}:dead:compress") == "0")
        #expect(try fleet.psql("SELECT state FROM job_runs") == "queued")
    }
}
