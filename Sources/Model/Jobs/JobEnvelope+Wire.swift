import Foundation

/// Why bytes on a queue are not a job this release can run.
public enum EnvelopeError: Error, Sendable, Hashable {
    /// Not a JSON object at all, or a field has the wrong shape: dead, with this reason.
    case malformed(field: String?, reason: String)
    /// Written by a newer release: parked until a worker that reads it starts.
    case newerVersion(Int)
}

extension EnvelopeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let field?, let reason): "envelope field “\(field)” \(reason)"
        case .malformed(nil, let reason): "envelope \(reason)"
        case .newerVersion(let version):
            "envelope version \(version) is newer than \(JobEnvelope.currentVersion + 1), the newest this release reads"
        }
    }
}

extension JobEnvelope {
    /// The longest envelope a queue takes, in bytes.
    public static let maxBytes = 256 * 1024
    /// The most jobs that one may wait for.
    public static let maxDependencies = 1_000

    /// Reads one list element. A missing `id` gets a random one (`hadID` tells).
    ///
    /// - Throws: ``EnvelopeError`` naming the field.
    public static func parse(_ bytes: [UInt8]) throws(EnvelopeError) -> (envelope: JobEnvelope, hadID: Bool) {
        guard bytes.count <= maxBytes else {
            throw .malformed(field: nil, reason: "has \(bytes.count) bytes; at most \(maxBytes) are taken")
        }
        guard let members = JSONReader.readMembers(of: bytes) else {
            throw .malformed(field: nil, reason: "is not a JSON object")
        }
        let fields = EnvelopeFields(members: members)
        let version = try fields.int("v", in: 0...1_000_000, default: nil)
        guard version <= Int64(currentVersion + 1) else { throw .newerVersion(Int(version)) }
        let kind = try fields.text("kind", maxBytes: 64)
        guard let kind, isKind(kind) else {
            throw .malformed(field: "kind", reason: "is required: 1 to 64 letters, digits or .-_")
        }
        guard let payload = fields["payload"] else { throw .malformed(field: "payload", reason: "is required") }
        let givenID = try fields.text("id", maxBytes: 128)
        let parsedID = givenID.map { JobID($0) }
        if case .some(.none) = parsedID {
            throw .malformed(field: "id", reason: "must be 1 to 128 letters, digits or -_.:")
        }
        var envelope = JobEnvelope(id: (parsedID ?? nil) ?? .random(), kind: kind, payload: payload)
        envelope.version = Int(version)
        // Nothing else to look for, as in most envelopes.
        if members.count == (givenID == nil ? 3 : 4) { return (envelope, givenID != nil) }
        envelope.maxAttempts = Int(try fields.int("max_attempts", in: 1...1000, default: Int64(defaultMaxAttempts)))
        envelope.timeoutMs = try fields.int("timeout_ms", in: 1...86_400_000, default: defaultTimeoutMs)
        envelope.priority = Int(try fields.int("priority", in: -100...100, default: 0))
        envelope.cost = Int(try fields.int("cost", in: 1...1_000_000, default: 1))
        envelope.uniqueKey = try fields.text("unique_key", maxBytes: 256)
        envelope.notBefore = try fields.time("not_before")
        envelope.expiresAt = try fields.time("expires_at")
        envelope.tenant = try fields.text("tenant", maxBytes: 64) ?? defaultTenant
        if let batch = try fields.text("batch", maxBytes: 64) {
            guard let id = UUID(uuidString: batch) else { throw .malformed(field: "batch", reason: "must be a UUID") }
            envelope.batch = id
        }
        envelope.traceparent = try fields.text("traceparent", maxBytes: 128)
        envelope.dependsOn = try fields.ids("depends_on", atMost: maxDependencies)
        if let policy = try fields.text("depends_policy", maxBytes: 16) {
            guard let policy = DependsPolicy(rawValue: policy) else {
                throw .malformed(field: "depends_policy", reason: "must be “done” or “ended”")
            }
            envelope.dependsPolicy = policy
        }
        envelope.attempt = Int(try fields.int("attempt", in: 1...1_000_000, default: 1))
        envelope.rescues = Int(try fields.int("rescues", in: 0...1_000_000, default: 0))
        envelope.isRecorded = fields["recorded"]?.bool ?? false
        if let failures = fields["failures"] {
            envelope.failures = Array(((try? failures.decode(as: [AttemptFailure].self)) ?? []).suffix(5))
        }
        return (envelope, givenID != nil)
    }

    /// The envelope as a queue element: JSON with sorted keys; fields at their default are left out, but `v`, `id`,
    /// `kind`, `payload`.
    public func wire() throws -> [UInt8] {
        var members: [String: JSONValue] = [
            "v": .int(Int64(version)), "id": .string(id.rawValue), "kind": .string(kind), "payload": payload,
        ]
        if maxAttempts != Self.defaultMaxAttempts { members["max_attempts"] = .int(Int64(maxAttempts)) }
        if timeoutMs != Self.defaultTimeoutMs { members["timeout_ms"] = .int(timeoutMs) }
        if priority != 0 { members["priority"] = .int(Int64(priority)) }
        if cost != 1 { members["cost"] = .int(Int64(cost)) }
        if let uniqueKey { members["unique_key"] = .string(uniqueKey) }
        if let notBefore { members["not_before"] = .string(RFC3339.format(notBefore)) }
        if let expiresAt { members["expires_at"] = .string(RFC3339.format(expiresAt)) }
        if tenant != Self.defaultTenant { members["tenant"] = .string(tenant) }
        if let batch { members["batch"] = .string(batch.uuidString.lowercased()) }
        if let traceparent { members["traceparent"] = .string(traceparent) }
        if !dependsOn.isEmpty { members["depends_on"] = .array(dependsOn.map { .string($0.rawValue) }) }
        if dependsPolicy != .done { members["depends_policy"] = .string(dependsPolicy.rawValue) }
        if attempt != 1 { members["attempt"] = .int(Int64(attempt)) }
        if rescues != 0 { members["rescues"] = .int(Int64(rescues)) }
        if isRecorded { members["recorded"] = true }
        if !failures.isEmpty { members["failures"] = try JSONValue(encoding: failures) }
        return JSONValue.object(members).text
    }

    private static func isKind(_ text: String) -> Bool {
        !text.isEmpty && JobID(text) != nil && !text.utf8.contains(UInt8(ascii: ":"))
    }
}

/// Reads the members of an envelope, naming the field in each complaint. JSON null counts as absent.
private struct EnvelopeFields {
    /// In their order: an envelope has so few members that looking through them costs less than hashing their names.
    let members: [(name: String, value: JSONValue)]

    subscript(_ name: String) -> JSONValue? { members.last { $0.name == name }?.value }

    func int(
        _ name: String, in range: ClosedRange<Int64>, default fallback: Int64?
    ) throws(EnvelopeError) -> Int64 {
        guard let value = self[name], value != .null else {
            guard let fallback else { throw .malformed(field: name, reason: "is required") }
            return fallback
        }
        guard let number = value.int, range.contains(number) else {
            throw .malformed(
                field: name, reason: "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func text(_ name: String, maxBytes: Int) throws(EnvelopeError) -> String? {
        guard let value = self[name], value != .null else { return nil }
        guard let text = value.string, text.utf8.count <= maxBytes, !text.utf8.contains(0) else {
            throw .malformed(field: name, reason: "must be a string of at most \(maxBytes) bytes")
        }
        return text
    }

    /// Job ids, each once, in their order.
    func ids(_ name: String, atMost count: Int) throws(EnvelopeError) -> [JobID] {
        guard let value = self[name], value != .null else { return [] }
        guard let elements = value.array, elements.count <= count else {
            throw .malformed(field: name, reason: "must be an array of at most \(count) job ids")
        }
        var seen: Set<JobID> = []
        var ids: [JobID] = []
        for element in elements {
            guard let id = element.string.flatMap({ JobID($0) }) else {
                throw .malformed(field: name, reason: "must hold ids of 1 to 128 letters, digits or -_.:")
            }
            if seen.insert(id).inserted { ids.append(id) }
        }
        return ids
    }

    /// RFC 3339, or milliseconds since 1970.
    func time(_ name: String) throws(EnvelopeError) -> Date? {
        guard let value = self[name], value != .null else { return nil }
        if let ms = value.int, (0...253_402_300_799_999).contains(ms) {
            return Date(timeIntervalSince1970: Double(ms) / 1000)
        }
        guard let text = value.string, let date = RFC3339.parse(text) else {
            throw .malformed(field: name, reason: "must be an RFC 3339 time or milliseconds since 1970")
        }
        return date
    }
}
