import Catalog
import Foundation
import JobQueue
import Logging
import Model
import ObjectStorage
import Pipeline
import Recipes
import TestServers
import Testing

/// A worker, or the API, is killed right before and right after each of its calls to Redis, PostgreSQL and storage, one
/// place after the other; a clean process then has to bring everything to the same end.
@Suite("Killed at every crash point", .timeLimit(.minutes(5)))
struct CrashPointTests {
    enum Transition: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case scan, infected, echo, export
        var testDescription: String { rawValue }
        var worker: String { self == .scan || self == .infected ? "flotilla-scan-worker" : "flotilla-export-worker" }
    }

    @Test("A job's transition happens once, wherever its worker is killed", arguments: Transition.allCases)
    func worker(_ transition: Transition) async throws {
        let ground = try await CrashGround()
        var places: [String] = []
        for point in 1...500 {
            let work = try await Work(transition, ground, number: point)
            let victim = try ground.process(transition.worker, crashAt: point)
            var isThrough = false
            try await eventually("point \(point): the job is done or its worker killed", within: .seconds(20)) {
                if !victim.isRunning { return true }
                isThrough = try await work.isThrough()
                return isThrough
            }
            if isThrough, victim.isRunning {
                victim.kill()
                try await work.check("never killed")
                print("\(transition.rawValue): \(places.count) crash points: \(Self.summary(places))")
                #expect(places.count > 10)
                return
            }
            let place = try Self.place(point, victim)
            let successor = try ground.process(transition.worker, crashAt: nil)
            try await eventually("after point \(point), \(place): the job is done", within: .seconds(20)) {
                try await work.isThrough()
            }
            try await work.check("point \(point), \(place)")
            successor.kill()
            places.append(place)
        }
        Issue.record("no end of crash points")
    }

    @Test("A job that is accepted runs once, wherever the API is killed") func accepted() async throws {
        let ground = try await CrashGround()
        let key = try await ground.catalog.createAPIKey(tenant: "default", name: "test", scopes: ["read", "write"]).key
        let worker = try ground.process("flotilla-export-worker", crashAt: nil)
        defer { worker.kill() }
        var places: [String] = []
        for point in 1...200 {
            let body = #"{"queue":"export","kind":"echo","payload":{"incr":"count:\#(point)"}}"#
            let first = try await post(body, key, "request-\(point)", ground, crashAt: point)
            let wasKilled = first.status != "202"
            // What a client does that got no answer: the same again.
            let answer =
                wasKilled ? try await post(body, key, "request-\(point)", ground, crashAt: nil).status : first.status
            #expect(answer == "202")
            try await eventually("point \(point): the job is done", within: .seconds(20)) {
                let states = try await ground.catalog.unfinishedJobs(olderThan: .zero).jobs
                // Recorded and not queued is the reconciler's case; here it does not have to wait for its hour.
                if !states.isEmpty { try await reconcile(ground) }
                return states.isEmpty
            }
            try await eventually("point \(point): nothing is left") { try ground.isIdle() }
            #expect(try ground.redis.cli("GET", "count:\(point)") == "1", "point \(point): \(first.place)")
            guard wasKilled else {
                print("accept: \(places.count) crash points: \(Self.summary(places))")
                #expect(places.count > 3)
                return
            }
            places.append(first.place)
        }
        Issue.record("no end of crash points")
    }

    private func post(
        _ body: String, _ key: String, _ request: String, _ ground: CrashGround, crashAt point: Int?
    ) async throws -> (status: String, place: String) {
        let port = try FreePort.next()
        let api = try ground.process(
            "flotilla-api", crashAt: point,
            [
                // Nothing of its own accord while places are counted.
                "FLOTILLA_API_ADDR": "127.0.0.1:\(port)", "FLOTILLA_RECONCILE_SECONDS": "3600",
                "FLOTILLA_RECONCILE_AGE_SECONDS": "3600",
            ], ready: { FreePort.answers(port) })
        let status = try await ChildServer.outputAsync(of: [
            "curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer \(key)",
            "-H", "Idempotency-Key: \(request)", "-H", "Content-Type: application/json", "-d", body,
            "http://127.0.0.1:\(port)/v1/jobs",
        ])
        if status == "202" {
            api.kill()
            return (status, "")
        }
        try await eventually("the API is killed") { !api.isRunning }
        return (status, try Self.place(point ?? 0, api))
    }

    private func reconcile(_ ground: CrashGround) async throws {
        let reconciler = Reconciler(
            catalog: ground.catalog, queue: ground.queue, recipes: ground.recipes, age: .zero,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await reconciler.reconcile()
    }

    /// Where the process killed itself, as it says.
    private static func place(_ point: Int, _ process: ChildServer) throws -> String {
        guard process.exitStatus == 128 + SIGKILL,
            let line = process.log.split(separator: "\n").last(where: { $0.hasPrefix("crash point \(point): ") })
        else {
            let status = process.exitStatus.map { "\($0)" } ?? "none"
            throw ServerFailure("ended by itself, status \(status): \(process.log.suffix(2_000))")
        }
        return String(line.drop { $0 != ":" }.dropFirst(2))
    }

    private static func summary(_ places: [String]) -> String {
        Dictionary(places.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
            .map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
    }
}

/// One job, its batch if it has one, and what has to be true in the end.
private struct Work {
    let transition: CrashPointTests.Transition
    let ground: CrashGround
    let job: QueuedJob
    let batch: UUID?

    init(_ transition: CrashPointTests.Transition, _ ground: CrashGround, number: Int) async throws {
        self.transition = transition
        self.ground = ground
        switch transition {
        case .scan, .infected:
            let content = transition == .scan ? Array("clean \(number)".utf8) : SignatureFolder.eicar
            let (batch, first) = try await ground.batch("look", content: content)
            (job, self.batch) = (first, batch.id)
        case .echo:
            job = QueuedJob(
                queue: .export, envelope: JobEnvelope(kind: "echo", payload: ["sleep_ms": 1], isRecorded: true))
            batch = nil
            try await ground.catalog.recordJobs([job])
        case .export:
            let (batch, scan) = try await ground.batch("pack", content: Array("packed \(number)".utf8))
            let plan = try required(ground.recipes["pack"], "pack")
            let packing = try required(StepJobs.whenDone(plan, in: batch), "no export")
            _ = try await ground.catalog.completeStep(
                JobClaim(job: scan.envelope.id, fence: 1, attempt: 1), result: .nothing, next: .assetCompleted,
                whenDone: packing)
            (job, self.batch) = (packing, batch.id)
        }
        _ = try await ground.queue.enqueue([job.envelope], on: job.queue)
    }

    /// Whether the record and Redis both are through with it.
    func isThrough() async throws -> Bool {
        guard try await ground.catalog.job(job.envelope.id, tenant: nil).state.isFinal else { return false }
        return try ground.isIdle()
    }

    /// The same end as if nothing had happened, once.
    func check(_ place: String) async throws {
        let comment = Comment(rawValue: "\(transition.rawValue), \(place)")
        let record = try await ground.catalog.job(job.envelope.id, tenant: nil)
        #expect(record.state == .done, comment)
        #expect(try await ground.catalog.unfinishedJobs(olderThan: .zero).jobs.isEmpty, comment)
        guard let id = batch else {
            #expect(record.result == ["sleep_ms": 1], comment)
            let state = try await ground.queue.state(of: job.envelope.id)
            #expect(state?.state == .done, comment)
            try expectLastEvent("JOB_COMPLETED", of: job.envelope.id.rawValue, comment)
            return
        }
        let batch = try await ground.catalog.batch(id, tenant: nil)
        #expect(batch.status == .completed && batch.failed == 0, comment)
        #expect((batch.processed, batch.infected) == (transition == .infected ? (0, 1) : (1, 0)), comment)
        #expect(try await ground.catalog.effects(of: job.envelope.id).count == 1, comment)
        #expect(try await ground.catalog.strandedAssets(olderThan: .zero).isEmpty, comment)
        #expect(try await ground.catalog.stuckBatches(olderThan: .zero).isEmpty, comment)
        let assets = try await ground.catalog.assets(ofBatch: id, tenant: nil, limit: 10, after: nil).items
        #expect(assets.map(\.status) == [transition == .infected ? .infected : .completed], comment)
        for asset in assets { #expect(try ground.store.size(of: StorageKey(asset.key)) == asset.bytes, comment) }
        if transition == .export {
            let export = try #require(batch.export, comment)
            #expect(try ground.store.size(of: StorageKey(export.key)) == export.bytes, comment)
        }
        let subject = id.uuidString.lowercased()
        #expect(try ground.redis.cli("HGET", "{flotilla}:snapshot:\(subject)", "status") == "completed", comment)
        try expectLastEvent("BATCH_COMPLETED", of: subject, comment)
    }

    /// Who watches learns of the end.
    private func expectLastEvent(_ event: String, of subject: String, _ comment: Comment) throws {
        let last = try ground.redis.cli("LRANGE", "{flotilla}:events:\(subject)", "-1", "-1")
        #expect(last.contains(#""event":"\#(event)""#), "\(comment.rawValue): \(last)")
    }
}
