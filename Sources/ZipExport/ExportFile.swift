public import Foundation
public import Model
public import ObjectStorage

/// The batch an archive is made of.
public struct ExportBatch: Sendable, Hashable {
    public var id: String
    public var recipe: String
    public var keywords: [String]
    /// Stands in the manifest and at each file in the archive; whole seconds.
    public var createdAt: Date

    public init(id: String, recipe: String, keywords: [String], createdAt: Date) {
        self.id = id
        self.recipe = recipe
        self.keywords = keywords
        self.createdAt = createdAt
    }
}

/// What is known of one asset when its batch is packed. Only completed assets have their bytes in the archive; the
/// others stand in the manifest with their verdict and error.
public struct ExportFile: Sendable, Hashable {
    public var id: String
    /// As the client sent it; shown in the manifest only, never used as a path.
    public var originalName: String
    /// With extension; made safe and unique here if it is not.
    public var newName: String
    public var mimeType: String
    public var bytes: Int64
    /// Lower-case hex.
    public var sha256: String
    public var crc32: UInt32
    public var key: StorageKey
    public var status: AssetStatus
    public var verdict: Verdict?
    public var signature: String?
    public var problem: Problem?
    public var variants: [Variant]

    public init(
        id: String, originalName: String, newName: String, mimeType: String, bytes: Int64, sha256: String,
        crc32: UInt32, key: StorageKey, status: AssetStatus, verdict: Verdict? = nil, signature: String? = nil,
        problem: Problem? = nil, variants: [Variant] = []
    ) {
        self.id = id
        self.originalName = originalName
        self.newName = newName
        self.mimeType = mimeType
        self.bytes = bytes
        self.sha256 = sha256
        self.crc32 = crc32
        self.key = key
        self.status = status
        self.verdict = verdict
        self.signature = signature
        self.problem = problem
        self.variants = variants
    }

    /// Why an asset is not completed, in words for its owner.
    public struct Problem: Sendable, Hashable {
        public var code: String
        public var message: String

        public init(code: String, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// An output of the asset and where its bytes are.
    public struct Variant: Sendable, Hashable {
        public var facts: VariantFacts
        public var key: StorageKey

        public init(facts: VariantFacts, key: StorageKey) {
            self.facts = facts
            self.key = key
        }
    }
}
