import Catalog
import Foundation
import HTTPTypes
import Model

/// One job as a client describes it, checked in every part.
struct JobRequest {
    /// What it waits for among the jobs of the same request is still to be added.
    let job: QueuedJob
    /// Places of those, for `"#3"` in `depends_on`.
    let siblings: [Int]
    private let place: String

    private static let optionNames = [
        "max_attempts", "timeout_ms", "priority", "cost", "unique_key", "not_before", "expires_at", "delay_ms",
        "depends_on", "depends_policy",
    ]
    /// Steps of a batch: they act on assets by id, and only the pipeline makes them.
    private static let reservedKinds: Set<String> = ["scan.asset", "analyze.asset", "compress.asset", "export.batch"]

    /// - Parameters:
    ///   - place: where the value stands in the request: empty, or `jobs[3]`.
    ///   - key: makes the job's id deterministic, so that the same request is the same job.
    ///   - count: how many jobs the request has.
    /// - Throws: 422 naming the member, 413 for a job that is too long.
    init(_ value: JSONValue, at place: String, _ call: Call, key: String?, of count: Int = 1) throws {
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
        let names = try options.texts("depends_on", count: JobEnvelope.maxDependencies, bytes: 1...128) ?? []
        var seen: Set<String> = []
        var siblings: [Int] = []
        for (index, name) in names.enumerated() where seen.insert(name).inserted {
            if let place = Self.sibling(name), place < count {
                siblings.append(place)
            } else if let id = JobID(name), id != envelope.id {
                envelope.dependsOn.append(id)
            } else {
                throw options.wrong(
                    "depends_on[\(index)]", "names no job", allowed: "a job's id, or #0 to #\(count - 1) in bulk")
            }
        }
        if let policy = try options.choice("depends_policy", of: DependsPolicy.self) { envelope.dependsPolicy = policy }
        self.siblings = siblings
        self.place = place
        job = QueuedJob(queue: queue, envelope: envelope)
        try check(job.envelope)
    }

    /// The jobs of one request, each knowing the ids of those it waits for.
    ///
    /// - Throws: 422 for jobs that wait for each other.
    static func resolve(_ requests: [JobRequest]) throws -> [QueuedJob] {
        // Those that wait for none are taken away until there are none such (Kahn 1962).
        var needs = requests.map(\.siblings.count)
        var dependents = requests.map { _ in [Int]() }
        for (index, request) in requests.enumerated() {
            for sibling in request.siblings { dependents[sibling].append(index) }
        }
        var free = requests.indices.filter { needs[$0] == 0 }
        while let next = free.popLast() {
            for dependent in dependents[next] {
                needs[dependent] -= 1
                if needs[dependent] == 0 { free.append(dependent) }
            }
        }
        if let stuck = needs.firstIndex(where: { $0 > 0 }) {
            throw Problem.invalid(
                requests[stuck].dependsOnPlace, "“\(requests[stuck].dependsOnPlace)” leads back to this job.")
        }
        return try requests.map { request in
            var job = request.job
            job.envelope.dependsOn += request.siblings.map { requests[$0].job.envelope.id }
            try request.check(job.envelope)
            return job
        }
    }

    /// The 3 of `#3`, in that one way of writing it.
    private static func sibling(_ name: String) -> Int? {
        guard name.hasPrefix("#"), let place = Int(name.dropFirst()), place >= 0, "#\(place)" == name else {
            return nil
        }
        return place
    }

    private var dependsOnPlace: String { (place.isEmpty ? "" : place + ".") + "options.depends_on" }

    private func check(_ envelope: JobEnvelope) throws {
        guard try envelope.wire().count <= JobEnvelope.maxBytes else {
            var problem = Problem.tooLarge(maxBytes: Int64(JobEnvelope.maxBytes))
            problem.field = (place.isEmpty ? "" : place + ".") + "payload"
            throw problem
        }
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
