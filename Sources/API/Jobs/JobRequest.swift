import Catalog
import Foundation
import HTTPTypes
import Model

/// One job as a client describes it, checked in every part.
struct JobRequest {
    let job: QueuedJob

    private static let optionNames = [
        "max_attempts", "timeout_ms", "priority", "cost", "unique_key", "not_before", "expires_at", "delay_ms",
    ]
    /// Steps of a batch: they act on assets by id, and only the pipeline makes them.
    private static let reservedKinds: Set<String> = ["scan.asset", "analyze.asset", "compress.asset", "export.batch"]

    /// - Parameters:
    ///   - place: where the value stands in the request: empty, or `jobs[3]`.
    ///   - key: makes the job's id deterministic, so that the same request is the same job.
    /// - Throws: 422 naming the member, 413 for a job that is too long.
    init(_ value: JSONValue, at place: String, _ call: Call, key: String?) throws {
        let fields = try Fields(value, at: place, known: ["queue", "kind", "payload", "options"])
        guard let queue = try fields.choice("queue", of: QueueName.self) else {
            throw fields.wrong("queue", "is required")
        }
        let kind = try fields.requiredText("kind", bytes: 1...64)
        guard JobID(kind) != nil, !kind.contains(":") else {
            throw fields.wrong("kind", "cannot be used", allowed: "1 to 64 letters, digits or .-_")
        }
        guard !Self.reservedKinds.contains(kind) else { throw fields.wrong("kind", "is made by batches only") }
        let options = try Fields(
            fields["options"] ?? .object([:]), at: fields.place("options"), known: Self.optionNames)

        let space = UUID(namespace: Self.space, name: call.tenant)
        var envelope = JobEnvelope(
            id: key.map { .deterministic(subject: space, step: $0) } ?? .random(), kind: kind,
            payload: try fields.required("payload"), tenant: call.tenant, traceparent: Self.traceparent(call.headers),
            isRecorded: true)
        if let count = try options.int("max_attempts", in: 1...1000) { envelope.maxAttempts = Int(count) }
        if let ms = try options.int("timeout_ms", in: 1...86_400_000) { envelope.timeoutMs = ms }
        if let priority = try options.int("priority", in: -100...100) { envelope.priority = Int(priority) }
        if let cost = try options.int("cost", in: 1...1_000_000) { envelope.cost = Int(cost) }
        if let unique = try options.text("unique_key", bytes: 1...190) {
            // Of one tenant: another one's job with the same key is another job.
            envelope.uniqueKey = call.tenant == JobEnvelope.defaultTenant ? unique : "\(call.tenant):\(unique)"
        }
        envelope.notBefore = try options.time("not_before")
        if let delay = try options.int("delay_ms", in: 0...31_536_000_000) {
            guard envelope.notBefore == nil else { throw options.wrong("delay_ms", "excludes “not_before”") }
            envelope.notBefore = Date().addingTimeInterval(Double(delay) / 1000)
        }
        envelope.expiresAt = try options.time("expires_at")
        if let end = envelope.expiresAt, end <= max(envelope.notBefore ?? .distantPast, Date()) {
            throw options.wrong("expires_at", "lies before the job could run")
        }
        guard try envelope.wire().count <= JobEnvelope.maxBytes else {
            var problem = Problem.tooLarge(maxBytes: Int64(JobEnvelope.maxBytes))
            problem.field = fields.place("payload")
            throw problem
        }
        job = QueuedJob(queue: queue, envelope: envelope)
    }

    private static let space = UUID(
        uuid: (0x66, 0x6c, 0x6f, 0x74, 0x69, 0x6c, 0x6c, 0x61, 0x2d, 0x6a, 0x6f, 0x62, 0x73, 0, 0, 1))

    /// The caller's trace, when the header is well formed (W3C Trace Context §3.2).
    private static func traceparent(_ headers: HTTPFields) -> String? {
        guard let value = headers[.traceparent], value.utf8.count == 55 else { return nil }
        let parts = value.split(separator: "-", omittingEmptySubsequences: false)
        let isHex = parts.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) } }
        return isHex && parts.map(\.utf8.count) == [2, 32, 16, 2] ? value : nil
    }
}
