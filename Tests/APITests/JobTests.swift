import Catalog
import Foundation
import JobQueue
import Model
import TestServers
import Testing

@Suite struct JobTests {
    private func post(_ fleet: LiveFleet, _ body: String, headers: [String] = [], key: String? = nil) async throws
        -> Answer
    {
        try await fleet.api.request("POST", "/v1/jobs", key: key ?? fleet.key, json: body, headers: headers)
    }

    @Test func acceptedJobsAreInTheRecordAndOnTheQueue() async throws {
        let fleet = try await LiveFleet()
        let body =
            #"{"queue":"scan","kind":"echo","payload":{"a":1},"options":{"priority":3,"max_attempts":2,"timeout_ms":1000}}"#
        let answer = try await post(
            fleet, body,
            headers: ["traceparent: 00-\(String(repeating: "a", count: 32))-\(String(repeating: "b", count: 16))-01"])
        #expect(answer.status == 202 && answer.headers["location"] == "/v1/jobs/\(answer.id)", "\(answer.text)")
        let waiting = try fleet.redis.cli("LRANGE", "{flotilla}:queue:scan", "0", "-1")
        let envelope = try JobEnvelope.parse(Array(waiting.utf8)).envelope
        #expect(envelope.id.rawValue == answer.id && envelope.payload == ["a": 1] && envelope.isRecorded)
        #expect(envelope.priority == 3 && envelope.maxAttempts == 2 && envelope.timeoutMs == 1000)
        #expect(envelope.traceparent?.hasPrefix("00-aaaa") == true)
        let read = try await fleet.api.request("GET", "/v1/jobs/\(answer.id)", key: fleet.key)
        #expect(read.json["state"] == "queued" && read.json["kind"] == "echo" && read.json["queue"] == "scan")
        #expect(read.json["result"] == .null && read.json["created_at"]?.string != nil)
    }

    @Test func theRecordOutlivesTheQueue() async throws {
        let fleet = try await LiveFleet(settings: ["FLOTILLA_RECONCILE_SECONDS": "0.3"])
        let answer = try await post(fleet, #"{"queue":"scan","kind":"echo","payload":1}"#)
        try fleet.redis.cli("FLUSHALL")
        try await eventually("the job is queued again") { try fleet.redis.cli("LLEN", "{flotilla}:queue:scan") == "1" }
        let waiting = try fleet.redis.cli("LRANGE", "{flotilla}:queue:scan", "0", "-1")
        #expect(waiting.contains(answer.id))
    }

    @Test func withoutRedisJobsAreAcceptedAndComeLater() async throws {
        let fleet = try await LiveFleet(
            settings: ["FLOTILLA_RECONCILE_SECONDS": "0.3", "FLOTILLA_RECONCILE_AGE_SECONDS": "1"])
        fleet.redis.kill()
        let answer = try await post(fleet, #"{"queue":"scan","kind":"echo","payload":1}"#)
        #expect(answer.status == 202)
        let stats = try await fleet.api.request("GET", "/v1/queues", key: fleet.key)
        #expect(stats.status == 503 && stats.headers["retry-after"] != nil && stats.problem == "queue_unavailable")
        let ready = try await fleet.api.request("GET", "/health/ready", key: nil)
        #expect(ready.status == 503 && ready.json["checks"]?["redis"]?["ok"] == false)
        try fleet.redis.start()
        try await eventually("the job is queued") { try fleet.redis.cli("LLEN", "{flotilla}:queue:scan") == "1" }
        #expect(try fleet.redis.cli("LRANGE", "{flotilla}:queue:scan", "0", "-1").contains(answer.id))
    }

    @Test(
        "Bad jobs name the member",
        arguments: [
            (#"{"kind":"echo","payload":1}"#, "queue"), (#"{"queue":"x","kind":"echo","payload":1}"#, "queue"),
            (#"{"queue":"scan","payload":1}"#, "kind"), (#"{"queue":"scan","kind":"a b","payload":1}"#, "kind"),
            (#"{"queue":"scan","kind":"a:b","payload":1}"#, "kind"),
            (#"{"queue":"scan","kind":"scan.asset","payload":{}}"#, "kind"),
            (#"{"queue":"scan","kind":"echo"}"#, "payload"),
            (#"{"queue":"scan","kind":"echo","payload":1,"id":"x"}"#, "id"),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":{"priority":101}}"#, "options.priority"),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":{"max_attempts":0}}"#, "options.max_attempts"),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":{"max_attempts":1.5}}"#, "options.max_attempts"),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":{"timeout_ms":"5"}}"#, "options.timeout_ms"),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":{"not_before":"soon"}}"#, "options.not_before"),
            (
                #"{"queue":"scan","kind":"echo","payload":1,"options":{"expires_at":"2001-01-01T00:00:00Z"}}"#,
                "options.expires_at"
            ),
            (
                #"{"queue":"scan","kind":"echo","payload":1,"options":{"delay_ms":1,"not_before":1}}"#,
                "options.delay_ms"
            ),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":{"unique_key":""}}"#, "options.unique_key"),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":{"tenant":"x"}}"#, "options.tenant"),
            (#"{"queue":"scan","kind":"echo","payload":1,"options":[]}"#, "options"),
        ])
    func badJobs(body: String, field: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await post(fleet, body)
        #expect(answer.status == 422 && answer.json["field"]?.string == field, "\(answer.text)")
    }

    @Test func tooLongAPayloadIs413() async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await post(
            fleet, #"{"queue":"scan","kind":"echo","payload":"\#(String(repeating: "x", count: 300_000))"}"#)
        #expect(answer.status == 413 && answer.json["field"] == "payload")
    }

    @Test func bulkIsAllOrNothingAndNamesThePlace() async throws {
        let fleet = try await LiveFleet()
        func bulk(_ jobs: [String]) async throws -> Answer {
            try await fleet.api.request(
                "POST", "/v1/jobs/bulk", key: fleet.key, json: #"{"jobs":[\#(jobs.joined(separator: ","))]}"#)
        }
        let good = #"{"queue":"analyze","kind":"echo","payload":1}"#
        let bad = try await bulk([
            good, good, #"{"queue":"analyze","kind":"echo","payload":1,"options":{"priority":"x"}}"#,
        ])
        #expect(bad.status == 422 && bad.json["field"] == "jobs[2].options.priority")
        #expect(try fleet.redis.cli("LLEN", "{flotilla}:queue:analyze") == "0")
        #expect(try fleet.psql("SELECT count(*) FROM job_runs") == "0")
        let fine = try await bulk(Array(repeating: good, count: 1000))
        #expect(fine.status == 202)
        #expect(Set(fine.json["items"]?.array?.compactMap { $0["id"]?.string } ?? []).count == 1000)
        #expect(try fleet.redis.cli("LLEN", "{flotilla}:queue:analyze") == "1000")
        #expect(try await bulk([]).status == 422)
        #expect(try await bulk(Array(repeating: good, count: 1001)).status == 422)
    }

    @Test func aUniqueKeyIsHeldByOneJob() async throws {
        let fleet = try await LiveFleet.shared.value
        let body = #"{"queue":"export","kind":"echo","payload":1,"options":{"unique_key":"u-\#(UUID())"}}"#
        let first = try await post(fleet, body)
        let second = try await post(fleet, body)
        #expect(second.status == 202 && second.id == first.id && second.json["duplicate"] == true)
        let other = try await post(fleet, body, key: try await fleet.makeTenant().key)
        #expect(other.id != first.id && other.json["duplicate"] == false)
    }

    @Test func theSameIdempotencyKeyIsTheSameJob() async throws {
        let fleet = try await LiveFleet.shared.value
        let key = "Idempotency-Key: job-\(UUID())"
        let body = #"{"queue":"export","kind":"echo","payload":{"n":1}}"#
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<8 { group.addTask { try await post(fleet, body, headers: [key]) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 202 } && Set(answers.map(\.id)).count == 1)
        let other = try await post(fleet, #"{"queue":"export","kind":"echo","payload":{"n":2}}"#, headers: [key])
        #expect(other.status == 422 && other.problem == "idempotency_key_reused")
    }

    @Test func aFullQueueIs503AndKeepsNothing() async throws {
        let fleet = try await LiveFleet(settings: ["FLOTILLA_MAX_WAITING": "2", "FLOTILLA_RECONCILE_SECONDS": "0.3"])
        let body = #"{"queue":"scan","kind":"echo","payload":1}"#
        for _ in 0..<2 { #expect(try await post(fleet, body).status == 202) }
        let refused = try await post(fleet, body, headers: ["Idempotency-Key: k"])
        #expect(refused.status == 503 && refused.problem == "queue_full" && refused.headers["retry-after"] == "5")
        #expect(try fleet.psql("SELECT count(*) FROM job_runs WHERE state = 'queued'") == "2")
        try fleet.redis.cli("RPOP", "{flotilla}:queue:scan")
        let again = try await post(fleet, body, headers: ["Idempotency-Key: k"])
        #expect(again.status == 202)
        #expect(try fleet.redis.cli("LRANGE", "{flotilla}:queue:scan", "0", "0").contains(again.id))
    }

    @Test func redisOutOfMemoryIs503() async throws {
        let fleet = try await LiveFleet()
        try fleet.redis.cli("CONFIG", "SET", "maxmemory", "1")
        let refused = try await post(fleet, #"{"queue":"scan","kind":"echo","payload":1}"#)
        #expect(refused.status == 503 && refused.problem == "queue_out_of_memory", "\(refused.text)")
    }

    @Test func withoutPostgreSQLEverythingIs503AndTheServerLives() async throws {
        let database = try PostgresServer()
        let url = try database.makeDatabase()
        let fleet = try await LiveFleet.shared.value
        let api = try await LiveAPI(fleet.environment.merging(["FLOTILLA_DATABASE_URL": url]) { $1 })
        database.stop()
        let answer = try await api.request("GET", "/v1/batches", key: "any")
        #expect(answer.status == 503 && answer.headers["retry-after"] != nil, "\(answer.text)")
        #expect(!answer.text.contains("127.0.0.1"))
        #expect(try await api.request("GET", "/health", key: nil).status == 200)
        try database.start()
        try await eventually("the API answers") {
            try await api.request("GET", "/v1/batches", key: "any").status != 503
        }
        #expect(try await api.request("GET", "/v1/batches", key: "any").status == 401)
    }

    @Test func cancelling() async throws {
        let fleet = try await LiveFleet.shared.value
        let job = try await post(fleet, #"{"queue":"export","kind":"echo","payload":1,"options":{"delay_ms":600000}}"#)
        let path = "/v1/jobs/\(job.id)"
        #expect(try await fleet.api.request("GET", path, key: fleet.key).json["state"] == "delayed")
        for _ in 0..<2 {
            let answer = try await fleet.api.request("DELETE", path, key: fleet.key)
            #expect(answer.status == 202 && answer.json["state"] == "cancelled")
        }
        let read = try await fleet.api.request("GET", path, key: fleet.key)
        #expect(read.json["state"] == "cancelled" && read.json["error"]?["code"] == "cancelled")
        let retry = try await fleet.api.request("POST", path + "/retry", key: fleet.key)
        #expect(retry.status == 409 && retry.json["state"] == "cancelled")
        let other = try await fleet.makeTenant().key
        for method in ["GET", "DELETE"] { #expect(try await fleet.api.request(method, path, key: other).status == 404) }
    }

    @Test func finishedJobsTellTheirResult() async throws {
        let fleet = try await LiveFleet.shared.value
        let job = try await post(fleet, #"{"queue":"export","kind":"echo","payload":1}"#)
        let id = try #require(JobID(job.id))
        try await fleet.catalog.jobEnded(id, claim: nil, state: .done, result: ["echo": 1])
        let read = try await fleet.api.request("GET", "/v1/jobs/\(job.id)", key: fleet.key)
        #expect(read.json["state"] == "done" && read.json["result"] == ["echo": 1])
        #expect(read.json["finished_at"]?.string != nil)
        let late = try await fleet.api.request("DELETE", "/v1/jobs/\(job.id)", key: fleet.key)
        #expect(late.status == 409 && late.problem == "job_is_over")
    }

    @Test func jobsOfOtherProgramsAreSeenByOperators() async throws {
        let fleet = try await LiveFleet.shared.value
        let id = "other-\(UUID().uuidString.lowercased())"
        try fleet.redis.cli("LPUSH", "{flotilla}:queue:export", #"{"v":1,"id":"\#(id)","kind":"echo","payload":{}}"#)
        let read = try await fleet.api.request("GET", "/v1/jobs/\(id)", key: fleet.key)
        #expect(read.status == 200 && read.json["state"] == "queued" && read.json["queue"] == "export")
        let tenant = try await fleet.makeTenant().key
        #expect(try await fleet.api.request("GET", "/v1/jobs/\(id)", key: tenant).status == 404)
        for bad in ["a%20b", "%00", "*", "nothing", String(repeating: "x", count: 129)] {
            #expect(try await fleet.api.request("GET", "/v1/jobs/\(bad)", key: fleet.key).status == 404)
        }
    }
}
