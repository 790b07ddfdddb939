/// The name of one stored object: parts separated by `/`, made by the functions below and never from a stranger's text.
///
/// At most 512 bytes and 12 parts; each part has 1…128 ASCII letters, digits, `-`, `_` or `.`, and does not begin with
/// a dot. So a key is a safe path below a folder, a safe URL path and a safe S3 key as it stands.
public struct StorageKey: Sendable, Hashable {
    public let text: String

    public static let maxBytes = 512
    public static let maxParts = 12
    public static let maxPartBytes = 128

    /// Takes a key as it was stored.
    ///
    /// - Throws: ``StorageError`` `.badKey`.
    public init(_ text: String) throws(StorageError) {
        if let fault = Self.fault(in: text) { throw .badKey(text, fault) }
        self.text = text
    }

    private init(_ parts: [String]) throws(StorageError) {
        for part in parts where part.utf8.contains(UInt8(ascii: "/")) { throw .badKey(part, .character) }
        try self.init(parts.joined(separator: "/"))
    }

    /// `tenants/<tenant>/batches/<batch>/originals/<asset>`: an upload as it came.
    public static func original(tenant: String, batch: String, asset: String) throws(StorageError) -> StorageKey {
        try StorageKey(batchParts(tenant, batch) + ["originals", asset])
    }

    /// `…/variants/<asset>/<name>-<fence>.<extension>`: an output of one attempt. A later attempt has a higher fence,
    /// so that a late write of an earlier one never touches its bytes.
    public static func variant(
        tenant: String, batch: String, asset: String, name: String, fence: Int64, fileExtension: String
    ) throws(StorageError) -> StorageKey {
        try StorageKey(batchParts(tenant, batch) + ["variants", asset, "\(name)-\(fence).\(fileExtension)"])
    }

    /// `…/exports/<name>-<fence>.<extension>`: an archive or report of the whole batch, made by one attempt.
    public static func export(
        tenant: String, batch: String, name: String, fence: Int64, fileExtension: String
    ) throws(StorageError) -> StorageKey {
        try StorageKey(batchParts(tenant, batch) + ["exports", "\(name)-\(fence).\(fileExtension)"])
    }

    /// Where the object goes when it is found to be dangerous: the same key below `quarantine/`. A key there stays.
    public var quarantined: StorageKey {
        get throws(StorageError) { isQuarantined ? self : try StorageKey(Self.quarantine + "/" + text) }
    }

    public var isQuarantined: Bool { text.hasPrefix(Self.quarantine + "/") }

    static let quarantine = "quarantine"

    fileprivate static func batchParts(_ tenant: String, _ batch: String) -> [String] {
        ["tenants", tenant, "batches", batch]
    }

    private static func fault(in text: String) -> StorageKeyFault? {
        let bytes = Array(text.utf8)
        if bytes.isEmpty { return .empty }
        if bytes.count > maxBytes { return .tooLong }
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.count > maxParts { return .tooLong }
        for part in parts {
            guard let first = part.first else { return .emptyPart }
            if part.count > maxPartBytes { return .tooLong }
            if first == UInt8(ascii: ".") { return .leadingDot }
            if !part.allSatisfy(isAllowed) { return .character }
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension StorageKey: Codable, CustomStringConvertible {
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public var description: String { text }
}

/// Why a text is no key.
public enum StorageKeyFault: Sendable, Hashable {
    case empty
    case tooLong
    case emptyPart
    /// A part begins with a dot: `..`, `.` and hidden names.
    case leadingDot
    case character
}

/// All keys below a folder, for deleting them together.
public struct StoragePrefix: Sendable, Hashable {
    /// Without a slash at the end.
    public let text: String

    /// Everything of one batch: `tenants/<tenant>/batches/<batch>`.
    public static func batch(tenant: String, batch: String) throws(StorageError) -> StoragePrefix {
        try StoragePrefix(StorageKey.batchParts(tenant, batch))
    }

    /// Everything of one tenant: `tenants/<tenant>`.
    public static func tenant(_ tenant: String) throws(StorageError) -> StoragePrefix {
        try StoragePrefix(["tenants", tenant])
    }

    /// What of these keys was moved to quarantine.
    public var quarantined: StoragePrefix {
        get throws(StorageError) {
            try StoragePrefix([StorageKey.quarantine] + text.split(separator: "/").map(String.init))
        }
    }

    private init(_ parts: [String]) throws(StorageError) {
        for part in parts where part.utf8.contains(UInt8(ascii: "/")) { throw .badKey(part, .character) }
        text = try StorageKey(parts.joined(separator: "/")).text
    }
}
