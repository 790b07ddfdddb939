import Foundation
import Model
import Redis
import TestServers
import Testing

/// What a fleet must come through.
@Suite(.serialized) struct SurvivalTests {
    @Test("A batch completes though each kind of worker is killed in mid-job", arguments: QueueName.allCases)
    func killed(_ kind: QueueName) throws {
        let fleet = try Fleet()
        var workers = try fleet.workers()
        defer { workers.values.forEach { $0.stop() } }
        let batch = try fleet.batch(of: pictures(count: 8))
        try fleet.start(batch)
        try kill(required(workers[kind], "\(kind)"), holdingJobsOf: kind, in: fleet)
        #expect(workers[kind]?.exitStatus == 128 + SIGKILL)
        workers[kind] = try fleet.worker(kind)
        let ended = try fleet.finished(batch)
        #expect(ended["status"] == "completed")
        #expect(ended["processed"] == 8)
        let effects = try psql(fleet, "select count(*), count(distinct (job_id, effect)) from effects")
        #expect(effects == "25|25", "8 assets × 3 steps and one export, each once: \(effects)")
    }

    @Test("A batch completes though Redis is emptied in the middle of it") func emptiedRedis() throws {
        let fleet = try Fleet()
        let workers = try fleet.workers()
        defer { workers.values.forEach { $0.stop() } }
        let batch = try fleet.batch(of: pictures(count: 10))
        try fleet.start(batch)
        for _ in 0..<3 {
            usleep(400_000)
            _ = try fleet.redis.cli("FLUSHALL")
        }
        let ended = try fleet.finished(batch)
        #expect(ended["status"] == "completed")
        #expect(ended["processed"] == 10)
        let effects = try psql(fleet, "select count(*) from effects")
        #expect(effects == "31")
    }

    @Test("A worker stops in order: it exits 0 and its jobs go on elsewhere") func graceful() throws {
        let fleet = try Fleet()
        let first = try fleet.worker(.scan)
        let id = try fleet.flotilla("enqueue", "scan", "echo", #"{"sleep_ms":1500}"#)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        usleep(300_000)
        first.stop()
        #expect(first.exitStatus == 0, "\(first.log)")
        let state = try fleet.redis.cli("HGET", "{flotilla}:snapshot:\(id)", "status")
        #expect(state.contains("done"), "\(state) \(first.log)")
    }

    @Test("Cancelling a batch frees the codec's CPU and removes the bytes") func cancelled() throws {
        let fleet = try Fleet()
        let workers = try fleet.workers()
        defer { workers.values.forEach { $0.stop() } }
        let batch = try fleet.batch(of: [("film.mov", Fleet.media("video/with-gps-rot90.mov"))])
        try fleet.start(batch)
        let deadline = ContinuousClock.now + .seconds(60)
        while try ChildServer.output(of: ["sh", "-c", "pgrep -f flotilla-helper-video || true"]).isEmpty,
            ContinuousClock.now < deadline
        {}
        try fleet.call("DELETE", "/v1/batches/\(batch)")
        let state = try fleet.finished(batch, within: .seconds(10))
        #expect(state["status"] == "cancelled")
        let left = try ChildServer.output(
            of: ["sh", "-c", "find \(fleet.environment["FLOTILLA_STORAGE_URL"]?.dropFirst(7) ?? "") -type f | wc -l"])
        #expect(left.trimmingCharacters(in: .whitespacesAndNewlines) == "0", "\(left)")
    }

    @Test("A wrong setting is one line naming the variable, and exit status 78", arguments: QueueName.allCases)
    func wrongSetting(_ kind: QueueName) throws {
        let program = try BuiltProducts.path(of: "flotilla-\(kind.rawValue)-worker")
        let output = try ChildServer.output(
            of: ["sh", "-c", "FLOTILLA_SLOTS=none '\(program)' 2>&1; echo status $?"],
            environment: [
                "FLOTILLA_RECIPES": Fleet.root + "/jobs", "FLOTILLA_STORAGE_URL": "file:///tmp/flotilla-none",
            ])
        #expect(output.contains("FLOTILLA_SLOTS: “none” is not allowed"))
        #expect(output.contains("status 78"))
        #expect(output.split(separator: "\n").count == 2, "\(output)")
    }

    /// Kills a worker that certainly holds a job: it is stopped first, and looked at then.
    private func kill(_ worker: ChildServer, holdingJobsOf kind: QueueName, in fleet: Fleet) throws {
        var redis = try RedisConnection.open(RedisURL(fleet.redis.url), name: "test")
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            guard try holds(kind, &redis) else { continue }
            worker.signal(SIGSTOP)
            usleep(2_000)
            if try holds(kind, &redis) { return worker.kill() }
            worker.signal(SIGCONT)
        }
        throw ServerFailure("the \(kind) worker was never seen at work")
    }

    private func holds(_ kind: QueueName, _ redis: inout RedisConnection) throws -> Bool {
        try redis.send("KEYS", .text("{flotilla}:run:\(kind.rawValue)*")).array?.isEmpty == false
    }

    private func pictures(count: Int) -> [(name: String, path: String)] {
        let sources = ["photo/cyclamen.jpg", "image/p3.png", "image/flag-16bit.png", "orientation/landscape_3.jpg"]
        return (0..<count).map { ("picture \($0).jpg", Fleet.media(sources[$0 % sources.count])) }
    }

    private func psql(_ fleet: Fleet, _ sql: String) throws -> String {
        try ChildServer.output(of: ["psql", "-At", fleet.database, "-c", sql])
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
