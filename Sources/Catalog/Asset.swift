public import Foundation
public import Model
import Postgres

/// One file of a batch as recorded.
public struct Asset: Sendable, Hashable {
    public var id: UUID
    public var batch: UUID
    /// 1…: the order of arrival in its batch.
    public var position: Int
    public var originalName: String
    /// With extension; unique in its batch without regard to case.
    public var proposedName: String?
    public var nameSource: NameSource?
    /// Storage key of the bytes.
    public var key: String
    public var bytes: Int64
    /// Lower-case hex.
    public var sha256: String
    public var crc32: UInt32
    public var mimeType: String
    public var scan: ScanReport?
    public var analysis: AnalysisReport?
    public var variants: [StoredVariant]
    public var status: AssetStatus
    /// The step to run next, or being run.
    public var step: String?
    public var error: RecordedError?
    public var createdAt: Date
    public var processedAt: Date?

    public enum NameSource: String, Sendable, Hashable { case machine, person }
}

/// An output of an asset with the storage key of its bytes.
public struct StoredVariant: Sendable, Hashable {
    public var facts: VariantFacts
    public var key: String

    public init(facts: VariantFacts, key: String) {
        self.facts = facts
        self.key = key
    }
}

/// What is known of a file when its bytes are stored.
public struct NewAsset: Sendable, Hashable {
    public var originalName: String
    /// Storage key of the bytes.
    public var key: String
    public var bytes: Int64
    /// Lower-case hex.
    public var sha256: String
    public var crc32: UInt32
    public var mimeType: String

    public init(originalName: String, key: String, bytes: Int64, sha256: String, crc32: UInt32, mimeType: String) {
        self.originalName = originalName
        self.key = key
        self.bytes = bytes
        self.sha256 = sha256
        self.crc32 = crc32
        self.mimeType = mimeType
    }
}

/// How much a batch may take.
public struct BatchLimits: Sendable, Hashable {
    public var maxAssets: Int
    public var maxBytes: Int64

    public init(maxAssets: Int = 10_000, maxBytes: Int64 = 100 << 30) {
        self.maxAssets = maxAssets
        self.maxBytes = maxBytes
    }
}

/// The outcome of adding an asset.
public struct AddedAsset: Sendable, Hashable {
    public var asset: Asset
    /// False when an asset with the same original name was there: replaced, or left as it was if the bytes are the same.
    public var isNew: Bool
    /// A storage key that nothing refers to any more: of the replaced bytes, or of the new ones that were there already.
    public var obsoleteKey: String?
}

extension Asset {
    init(_ row: PostgresRow, variants: [StoredVariant]) throws {
        id = try row["id"]
        batch = try row["batch_id"]
        position = try row["position"]
        originalName = try row["original_name"]
        proposedName = try row["proposed_name"]
        let source: String? = try row["name_source"]
        nameSource = source.flatMap { NameSource(rawValue: $0) }
        key = try row["file_path"]
        bytes = try row["file_size"]
        sha256 = try row["checksum"]
        crc32 = try row["crc32"]
        mimeType = try row["mime_type"]
        scan = try StoredJSON.read(ScanReport.self, try row["scan"])
        analysis = try StoredJSON.read(AnalysisReport.self, try row["analysis"])
        self.variants = variants
        let status: String = try row["status"]
        self.status = try known(AssetStatus(rawValue: status), "status")
        step = try row["step"]
        error = try RecordedError(row)
        createdAt = try row["created_at"]
        processedAt = try row["processed_at"]
    }
}

extension StoredVariant {
    init(_ row: PostgresRow) throws {
        facts = VariantFacts(
            name: try row["name"], format: try row["format"], mimeType: try row["mime_type"], width: try row["width"],
            height: try row["height"], bytes: try row["bytes"], sha256: try row["sha256"], crc32: try row["crc32"],
            keptOriginal: try row["kept_original"])
        key = try row["key"]
    }
}
