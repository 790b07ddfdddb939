import Catalog
import Foundation
import JobQueue
import Model
import Redis
import TestServers

/// One request, as `curl` sends it.
struct Request {
    let method: String
    let path: String
    let body: String
    let key: String?
    /// How the status begins that says that it was done.
    let status: String

    init(_ method: String, _ path: String, body: String = "", key: String? = nil, expecting status: String) {
        self.method = method
        self.path = path
        self.body = body
        self.key = key
        self.status = status
    }
}

/// Asks an API that will be killed, and another one that stays.
final class Clients: Sendable {
    let ground: CrashGround
    private let key: String
    private let other: ChildServer
    private let otherPort: UInt16

    init() async throws {
        ground = try await CrashGround()
        key = try await ground.catalog.createAPIKey(tenant: "default", name: "test", scopes: ["read", "write"]).key
        (other, otherPort) = try Self.start(ground, crashAt: nil)
    }

    deinit { other.kill() }

    /// - Returns: where the API was killed in the middle of it; nil: it was done.
    func send(_ request: Request, crashAt part: String, _ point: Int) async throws -> String? {
        let (api, port) = try Self.start(ground, crashAt: "\(part) \(point)")
        let status = try await status(of: request, port)
        if status.hasPrefix(request.status) {
            api.kill()
            return nil
        }
        try await eventually("the API is killed, after status \(status)") { !api.isRunning }
        try await ground.quiet()
        return try CrashPointTests.place(point, api)
    }

    /// Asks the one that stays.
    func sendAgain(_ request: Request) async throws {
        let status = try await status(of: request, otherPort)
        guard status.hasPrefix(request.status) else {
            throw ServerFailure("\(request.method) \(request.path): status \(status)")
        }
    }

    private func status(of request: Request, _ port: UInt16) async throws -> String {
        var command = [
            "curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "-X", request.method,
            "-H", "Authorization: Bearer \(key)",
        ]
        if !request.body.isEmpty { command += ["--data-binary", request.body] }
        let type = request.method == "PUT" ? "text/plain" : "application/json"
        command += ["-H", "Content-Type: \(type)"]
        if let key = request.key { command += ["-H", "Idempotency-Key: \(key)"] }
        return try await ChildServer.outputAsync(of: command + ["http://127.0.0.1:\(port)\(request.path)"])
    }

    private static func start(_ ground: CrashGround, crashAt place: String?) throws -> (ChildServer, UInt16) {
        let port = try FreePort.next()
        let api = try ground.process(
            "flotilla-api", crashAt: place,
            [
                // Nothing of its own accord while places are counted.
                "FLOTILLA_API_ADDR": "127.0.0.1:\(port)", "FLOTILLA_RECONCILE_SECONDS": "3600",
                "FLOTILLA_RECONCILE_AGE_SECONDS": "3600",
            ], ready: { FreePort.answers(port) })
        return (api, port)
    }
}

extension CrashGround {
    /// A single job of the `export` queue, recorded and queued.
    func single(_ payload: JSONValue) async throws -> JobID {
        let job = QueuedJob(
            queue: .export, envelope: JobEnvelope(kind: "echo", payload: payload, maxAttempts: 1, isRecorded: true))
        try await catalog.recordJobs([job])
        _ = try await queue.enqueue([job.envelope], on: .export)
        return job.envelope.id
    }

    /// A recorded job that is done, of which Redis knows nothing, and one that waits for it and is not queued.
    func dependentJobs() async throws -> (ended: JobID, dependent: JobID) {
        let first = JobEnvelope(kind: "echo", payload: 1, isRecorded: true)
        var second = JobEnvelope(kind: "echo", payload: 2, isRecorded: true)
        second.dependsOn = [first.id]
        try await catalog.recordJobs([first, second].map { QueuedJob(queue: .export, envelope: $0) })
        _ = try await catalog.jobEnded(first.id, claim: nil, state: .done)
        return (first.id, second.id)
    }

    /// Ids in the list of a queue.
    func waiting(_ name: QueueName) async throws -> [JobID] {
        let raws = try await client.send(["LRANGE", .text("{flotilla}:queue:\(name.rawValue)"), 0, -1]).array ?? []
        return try raws.compactMap(\.bytes).map { try JobEnvelope.parse($0).envelope.id }
    }

    /// Forgets all batches and jobs, in the record and in Redis.
    func clear() async throws {
        try psql("DELETE FROM batches; DELETE FROM job_runs; DELETE FROM schedule_ticks")
        try redis.cli("FLUSHALL")
    }
}
