public import Foundation

/// Names one job for its whole life, across retries, rescues and a rebuilt Redis.
///
/// 1…128 bytes of letters, digits, `-`, `_`, `.` and `:`; the fleet itself makes lower-case UUIDs.
public struct JobID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public init?(_ rawValue: String) {
        var text = rawValue
        let isValid = text.withUTF8 { bytes in
            (1...128).contains(bytes.count) && bytes.allSatisfy(Self.isAllowed)
        }
        guard isValid else { return nil }
        self.rawValue = rawValue
    }

    private init(uuid: UUID) { rawValue = uuid.uuidString.lowercased() }

    public static func random() -> JobID { JobID(uuid: UUID()) }

    /// The same subject and step always give the same id (UUID version 5, RFC 9562 §5.5), so enqueuing a step twice is
    /// seen as one job.
    public static func deterministic(subject: UUID, step: String) -> JobID {
        JobID(uuid: UUID(namespace: subject, name: step))
    }

    public var description: String { rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}

extension JobID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = JobID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a job id is 1 to 128 letters, digits or -_.:")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension UUID {
    /// UUID version 5: SHA-1 of namespace and name (RFC 9562 §5.5).
    public init(namespace: UUID, name: String) {
        let digest = withUnsafeBytes(of: namespace.uuid) { SHA1.hash([UInt8]($0) + Array(name.utf8)) }
        var bytes = digest.prefix(16).map { $0 }
        bytes[6] = (bytes[6] & 0x0F) | 0x50
        bytes[8] = (bytes[8] & 0x3F) | 0x80
        self = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}
