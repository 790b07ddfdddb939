import Foundation
import JobQueue
import Model
import TestServers
import Testing

/// What clients see when a server that the fleet needs is full or away; nothing that was accepted is lost.
@Suite struct BackPressureTests {
    private let body = #"{"queue":"scan","kind":"echo","payload":1}"#

    private func post(_ fleet: LiveFleet, _ body: String? = nil) async throws -> Answer {
        try await fleet.api.request("POST", "/v1/jobs", key: fleet.key, json: body ?? self.body)
    }

    private func used(_ fleet: LiveFleet) throws -> Int {
        let info = try fleet.redis.cli("INFO", "memory").split(whereSeparator: \.isNewline)
        let line = try #require(info.first { $0.hasPrefix("used_memory:") })
        return try #require(Int(line.dropFirst("used_memory:".count)))
    }

    private func queued(_ fleet: LiveFleet) throws -> Set<String> {
        let raws = try fleet.redis.cli("LRANGE", "{flotilla}:queue:scan", "0", "-1").split(separator: "\n")
        return Set(try raws.map { try JobEnvelope.parse(Array($0.utf8)).envelope.id.rawValue })
    }

    @Test func aboveTheWatermarkNothingNewIsAccepted() async throws {
        let fleet = try await LiveFleet(settings: ["FLOTILLA_REDIS_MEMORY_PERCENT": "60"])
        let limit = 64 << 20
        try fleet.redis.cli("CONFIG", "SET", "maxmemory", "\(limit)")
        #expect(try await post(fleet).status == 202)
        let batch = try await fleet.makeBatch(key: fleet.key)
        #expect(try await fleet.upload(Data("a".utf8), as: "a.txt", to: batch, key: fleet.key).status == 201)
        try fleet.redis.cli("SETRANGE", "filler", "\(limit * 7 / 10)", "x")
        try await eventually("refused") { try await post(fleet).status == 503 }

        let recorded = try fleet.psql("SELECT count(*) FROM job_runs")
        let bulk = #"{"jobs":[\#(body)]}"#
        for (path, json) in [("/v1/jobs", body), ("/v1/jobs/bulk", bulk), ("/v1/batches/\(batch)/start", "{}")] {
            let refused = try await fleet.api.request("POST", path, key: fleet.key, json: json)
            #expect(refused.status == 503 && refused.headers["retry-after"] == "5", "\(path): \(refused.text)")
            #expect(refused.headers["content-type"] == "application/problem+json")
            #expect(refused.problem == "queue_memory_watermark")
            #expect(refused.json["limit"] == "FLOTILLA_REDIS_MEMORY_PERCENT" && refused.json["allowed_percent"] == 60)
            #expect((70..<100).contains(refused.json["used_percent"]?.int ?? 0))
        }
        #expect(try fleet.psql("SELECT count(*) FROM job_runs") == recorded)
        let read = try await fleet.api.request("GET", "/v1/batches/\(batch)", key: fleet.key)
        #expect(read.status == 200 && read.json["status"] == "pending")
        let metrics = try await fleet.api.request("GET", "/metrics", key: nil).text
        #expect(metrics.contains("\nflotilla_redis_memory_watermark_reached 1"))
        #expect(metrics.contains("\nflotilla_redis_memory_limit_bytes \(limit)"))
        // Programs that push by themselves are not held up.
        #expect(try fleet.redis.cli("LPUSH", "{flotilla}:queue:export", body) == "1")

        try fleet.redis.cli("DEL", "filler")
        try await eventually("accepted") { try await post(fleet).status == 202 }
        #expect(
            try await fleet.api.request("GET", "/metrics", key: nil).text
                .contains("\nflotilla_redis_memory_watermark_reached 0"))
    }

    @Test func aRedisThatWentAwayNearlyFullHoldsNobodyUp() async throws {
        let fleet = try await LiveFleet(settings: ["FLOTILLA_REDIS_MEMORY_PERCENT": "60"])
        let limit = 64 << 20
        try fleet.redis.cli("CONFIG", "SET", "maxmemory", "\(limit)")
        try fleet.redis.cli("SETRANGE", "filler", "\(limit * 7 / 10)", "x")
        try await eventually("refused") { try await post(fleet).status == 503 }
        fleet.redis.kill()
        // What it said last is not held against those who come a second later.
        try await eventually("accepted") { try await post(fleet).status == 202 }
    }

    @Test func withoutALimitThereIsNoWatermark() async throws {
        let fleet = try await LiveFleet(settings: ["FLOTILLA_REDIS_MEMORY_PERCENT": "1"])
        #expect(try await post(fleet).status == 202)
        let metrics = try await fleet.api.request("GET", "/metrics", key: nil).text
        #expect(metrics.contains("\nflotilla_redis_memory_limit_bytes 0"))
    }

    @Test func whatWasAcceptedOutlivesARedisThatRunsFull() async throws {
        let fleet = try await LiveFleet(
            redisArguments: ["--maxmemory-policy", "noeviction"],
            settings: [
                "FLOTILLA_REDIS_MEMORY_PERCENT": "100", "FLOTILLA_RECONCILE_SECONDS": "0.3",
                "FLOTILLA_RECONCILE_AGE_SECONDS": "1",
            ])
        try fleet.redis.cli("CONFIG", "SET", "maxmemory", "\(try used(fleet) + 4 << 20)")
        let long = #"{"queue":"scan","kind":"echo","payload":"\#(String(repeating: "x", count: 200_000))"}"#
        var accepted: Set<String> = []
        var refused: Answer?
        for _ in 0..<100 where refused == nil {
            let answer = try await post(fleet, long)
            if answer.status == 202 { accepted.insert(answer.id) } else { refused = answer }
        }
        #expect(refused?.status == 503 && refused?.headers["retry-after"] == "5", "\(refused?.text ?? "never refused")")
        #expect(refused?.problem == "queue_out_of_memory" && refused?.json["limit"] == "maxmemory")
        #expect(!accepted.isEmpty)
        let open = try fleet.psql("SELECT id FROM job_runs WHERE state = 'queued'").split(separator: "\n").map(
            String.init)
        #expect(Set(open) == accepted)
        try fleet.redis.cli("CONFIG", "SET", "maxmemory", "0")
        try await eventually("all accepted are queued, the refused is not") { try queued(fleet) == accepted }
        #expect(try await post(fleet).status == 202)
    }

    @Test func aQueueThatIsFullSaysWhichLimit() async throws {
        let fleet = try await LiveFleet(settings: ["FLOTILLA_MAX_WAITING": "3"])
        var accepted: Set<String> = []
        for _ in 0..<3 { accepted.insert(try await post(fleet).id) }
        let refused = try await post(fleet)
        #expect(refused.status == 503 && refused.headers["retry-after"] == "5" && refused.problem == "queue_full")
        #expect(refused.json["limit"] == "FLOTILLA_MAX_WAITING" && refused.json["max_waiting"] == 3)
        #expect(try queued(fleet) == accepted)
    }

    @Test func withoutPostgreSQLNothingIsAccepted() async throws {
        let database = try PostgresServer()
        let fleet = try await LiveFleet(database: database)
        let first = try await post(fleet)
        #expect(first.status == 202)
        database.stop()
        let refused = try await post(fleet)
        #expect(refused.status == 503 && refused.headers["retry-after"] != nil, "\(refused.text)")
        #expect(refused.problem == "database_unavailable")
        try database.start()
        try await eventually("accepted") { try await post(fleet).status == 202 }
        #expect(try await fleet.api.request("GET", "/v1/jobs/\(first.id)", key: fleet.key).json["state"] == "queued")
        #expect(try queued(fleet).count == 2)
    }

    @Test func whatIsAcceptedWithoutRedisComesLater() async throws {
        let fleet = try await LiveFleet(
            settings: ["FLOTILLA_RECONCILE_SECONDS": "0.3", "FLOTILLA_RECONCILE_AGE_SECONDS": "1"])
        fleet.redis.kill()
        var accepted: Set<String> = []
        for _ in 0..<3 {
            let answer = try await post(fleet)
            #expect(answer.status == 202, "\(answer.text)")
            accepted.insert(answer.id)
        }
        try fleet.redis.start()
        try await eventually("queued") { try queued(fleet) == accepted }
    }
}
