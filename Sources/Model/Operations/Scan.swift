public import Foundation

/// What the virus scanner says of a file. Only `clean` lets the file go on.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    case clean, infected
    /// Its content cannot be looked at: a password protects it.
    case encrypted
    /// Larger than the engine may scan.
    case tooLarge = "too_large"
    /// Nested too deep, too many members, or broken in a way that stops the engine.
    case unscannable
}

/// The facts of one scan, as stored with the asset and sent in `data.scan`.
public struct ScanReport: Sendable, Hashable, Codable {
    public var verdict: Verdict
    /// The signature that matched, or the engine's reason for a verdict other than clean.
    public var signature: String?
    /// `ClamAV 1.4.6`.
    public var engine: String
    public var databaseVersion: String
    public var databaseDate: Date?
    public var bytes: Int64
    public var elapsedMs: Double

    public init(
        verdict: Verdict, signature: String?, engine: String, databaseVersion: String, databaseDate: Date?,
        bytes: Int64, elapsedMs: Double
    ) {
        self.verdict = verdict
        self.signature = signature
        self.engine = engine
        self.databaseVersion = databaseVersion
        self.databaseDate = databaseDate
        self.bytes = bytes
        self.elapsedMs = elapsedMs
    }

    private enum CodingKeys: String, CodingKey {
        case verdict, signature, engine, bytes
        case databaseVersion = "database_version"
        case databaseDate = "database_date"
        case elapsedMs = "elapsed_ms"
    }
}

/// Asks the scan helper for a verdict on the descriptor with role `input`.
public struct ScanRequest: Sendable, Hashable, Codable {
    public static let operation = "scan"

    /// Larger files are `too_large` without being read.
    public var maxBytes: Int64
    /// All that the engine may unpack from one file.
    public var maxUnpackedBytes: Int64
    public var timeoutMs: Int64

    public init(maxBytes: Int64, maxUnpackedBytes: Int64, timeoutMs: Int64) {
        self.maxBytes = maxBytes
        self.maxUnpackedBytes = maxUnpackedBytes
        self.timeoutMs = timeoutMs
    }
}
