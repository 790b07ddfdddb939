import Catalog
import Foundation
import JobQueue
import Model
import TestServers
import Testing

@Suite struct DependentJobTests {
    private func job(_ payload: String = "1", _ options: String = "{}", on queue: String = "export") -> String {
        #"{"queue":"\#(queue)","kind":"echo","payload":\#(payload),"options":\#(options)}"#
    }

    /// Lets the job run that nobody here works on otherwise.
    private func move(_ fleet: LiveFleet) throws {
        try fleet.redis.cli("LMOVE", "{flotilla}:queue:scan", "{flotilla}:queue:export", "RIGHT", "LEFT")
    }

    private func bulk(_ fleet: LiveFleet, _ jobs: [String], headers: [String] = []) async throws -> Answer {
        try await fleet.api.request(
            "POST", "/v1/jobs/bulk", key: fleet.key, json: #"{"jobs":[\#(jobs.joined(separator: ","))]}"#,
            headers: headers)
    }

    private func post(_ fleet: LiveFleet, _ body: String) async throws -> Answer {
        try await fleet.api.request("POST", "/v1/jobs", key: fleet.key, json: body)
    }

    private func ids(_ answer: Answer) throws -> [String] {
        let ids = answer.json["items"]?.array?.compactMap { $0["id"]?.string } ?? []
        try #require(!ids.isEmpty, "\(answer.text)")
        return ids
    }

    private func read(_ fleet: LiveFleet, _ id: String) async throws -> JSONValue {
        try await fleet.api.request("GET", "/v1/jobs/\(id)", key: fleet.key).json
    }

    private func isIn(_ state: String, _ id: String, _ fleet: LiveFleet) async throws {
        try await eventually("\(id) is \(state)") { try await read(fleet, id)["state"]?.string == state }
    }

    @Test func jobsOfOneRequestWaitForEachOther() async throws {
        let fleet = try await LiveFleet()
        let jobs = [
            job("2", ##"{"depends_on":["#1","#2"]}"##), job("0", on: "scan"),
            job("1", ##"{"depends_on":["#1"],"depends_policy":"ended"}"##),
        ]
        let key = ["Idempotency-Key: chain"]
        let accepted = try ids(try await bulk(fleet, jobs, headers: key))
        #expect(try ids(try await bulk(fleet, jobs, headers: key)) == accepted)
        let changed = [jobs[0], jobs[1], job("1")]
        #expect(try await bulk(fleet, changed, headers: key).problem == "idempotency_key_reused")
        try await fleet.withWorker {
            try await isIn("waiting", accepted[0], fleet)
            try await isIn("waiting", accepted[2], fleet)
            let waiting = try await read(fleet, accepted[0])
            #expect(waiting["waiting_for"]?.array?.compactMap(\.string) == [accepted[1], accepted[2]].sorted())
            let queues = try await fleet.api.request("GET", "/v1/queues", key: fleet.key).json["items"]?.array
            let export = queues?.first { $0["queue"] == "export" }
            #expect(export?["waiting_for_others"] == 2 && export?["waiting"] == 0)
            try move(fleet)
            for id in accepted { try await isIn("done", id, fleet) }
        }
        let order = try fleet.psql("SELECT id FROM job_runs ORDER BY started_at").split(separator: "\n").map(
            String.init)
        #expect(order == [accepted[1], accepted[2], accepted[0]])
        #expect(try await read(fleet, accepted[0])["waiting_for"] == .array([]))
    }

    @Test func theRecordRemembersEndsThatRedisHasForgotten() async throws {
        let fleet = try await LiveFleet(settings: ["FLOTILLA_RECONCILE_SECONDS": "0.3"])
        try await fleet.withWorker {
            let first = try await post(fleet, job()).id
            try await isIn("done", first, fleet)
            // Long ago, as far as Redis is concerned.
            try fleet.redis.cli("DEL", "{flotilla}:snapshot:\(first)")
            let second = try await post(fleet, job("2", #"{"depends_on":["\#(first)"]}"#)).id
            try await isIn("done", second, fleet)
            // Emptied while a job waits for one that has ended and for one that has not.
            let later = try await post(fleet, job("3", on: "scan")).id
            let last = try await post(fleet, job("4", #"{"depends_on":["\#(first)","\#(later)"]}"#)).id
            try await isIn("waiting", last, fleet)
            try fleet.redis.cli("FLUSHALL")
            try await isIn("waiting", last, fleet)
            #expect(try await read(fleet, last)["waiting_for"]?.array?.compactMap(\.string) == [later])
            try await eventually("queued") { try fleet.redis.cli("LLEN", "{flotilla}:queue:scan") == "1" }
            try move(fleet)
            try await isIn("done", last, fleet)
            #expect(try await read(fleet, later)["state"] == "done")
        }
    }

    @Test func aFailedDependencyIsNamedInTheRecord() async throws {
        let fleet = try await LiveFleet()
        let accepted = try ids(
            try await bulk(
                fleet,
                [
                    job(#"{"fail":"no"}"#, #"{"max_attempts":1,"delay_ms":1000}"#),
                    job("1", ##"{"depends_on":["#0"]}"##),
                    job("2", ##"{"depends_on":["#0"],"depends_policy":"ended"}"##),
                    job("3", ##"{"depends_on":["#1"]}"##),
                ]))
        try await fleet.withWorker {
            for (id, state) in zip(accepted, ["dead", "dead", "done", "dead"]) { try await isIn(state, id, fleet) }
        }
        try await eventually("recorded") {
            try fleet.psql("SELECT count(*) FROM job_runs WHERE error_code = 'dependency_failed'") == "2"
        }
        let message = try await read(fleet, accepted[3])["error"]?["message"]?.string
        #expect(message?.contains(accepted[1]) == true)
        // Retried in their order, all of them run; without the fault this time.
        _ = try fleet.psql("UPDATE job_runs SET envelope = replace(envelope::text, '\"fail\"', '\"fine\"')::json")
        try fleet.redis.cli("DEL", "{flotilla}:dead:export", "{flotilla}:dead:export:entries")
        for id in [accepted[0], accepted[1], accepted[3]] {
            let answer = try await fleet.api.request("POST", "/v1/jobs/\(id)/retry", key: fleet.key)
            #expect(answer.status == 202, "\(answer.text)")
        }
        try await fleet.withWorker { for id in accepted { try await isIn("done", id, fleet) } }
    }

    @Test func aDependentIsCancelledAtOnce() async throws {
        let fleet = try await LiveFleet()
        let accepted = try ids(
            try await bulk(fleet, [job("0", #"{"delay_ms":600000}"#), job("1", ##"{"depends_on":["#0"]}"##)]))
        try await fleet.withWorker { try await isIn("waiting", accepted[1], fleet) }
        let answer = try await fleet.api.request("DELETE", "/v1/jobs/\(accepted[1])", key: fleet.key)
        #expect(answer.status == 202)
        #expect(try fleet.redis.cli("HGET", "{flotilla}:snapshot:\(accepted[1])", "status") == "cancelled")
        #expect(try fleet.redis.cli("EXISTS", "{flotilla}:awaiting") == "0")
        #expect(try await read(fleet, accepted[1])["state"] == "cancelled")
    }

    @Test(
        "What cannot be waited for is refused by its place",
        arguments: [
            ([#"["a b"]"#], "jobs[0].options.depends_on[0]"), ([##"["x","#1"]"##], "jobs[0].options.depends_on[1]"),
            ([##"["#00"]"##], "jobs[0].options.depends_on[0]"), ([#""x""#], "jobs[0].options.depends_on"),
            ([##"["#0"]"##], "jobs[0].options.depends_on"),
            (["[]", ##"["#2"]"##, ##"["#3","#0"]"##, ##"["#1"]"##], "jobs[1].options.depends_on"),
            (["[\((0...1_000).map { "\"\($0)\"" }.joined(separator: ","))]"], "jobs[0].options.depends_on"),
        ])
    func refused(lists: [String], field: String) async throws {
        let fleet = try await LiveFleet.shared.value
        let answer = try await bulk(fleet, lists.map { job("1", #"{"depends_on":\#($0)}"#) })
        #expect(answer.status == 422 && answer.json["field"]?.string == field, "\(answer.text)")
    }

    @Test func stepsOfBatchesAndOthersJobsAreRefused() async throws {
        let fleet = try await LiveFleet.shared.value
        let batch = try await fleet.startedBatch(["a.txt": Data("a".utf8)], key: fleet.key)
        let step = try fleet.psql("SELECT id FROM job_runs WHERE batch_id = '\(batch)' LIMIT 1")
        let other = try await fleet.api.request("POST", "/v1/jobs", key: try await fleet.makeTenant().key, json: job())
        for id in [step, other.id] {
            let answer = try await post(fleet, job("1", #"{"depends_on":["\#(id)"]}"#))
            #expect(answer.status == 422 && answer.json["field"] == "options.depends_on", "\(answer.text)")
        }
        let policy = try await post(fleet, job("1", #"{"depends_policy":"perhaps"}"#))
        #expect(policy.status == 422 && policy.json["field"] == "options.depends_policy")
    }
}
