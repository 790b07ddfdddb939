/// Where a batch is. `completed` also when single assets failed: the counters tell.
public enum BatchStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending, processing, completed, failed, cancelled

    public var isFinal: Bool { self == .completed || self == .failed || self == .cancelled }
}

/// Where an asset is. Every asset of a started batch reaches a final status.
public enum AssetStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending, processing, completed, failed, infected
    /// Kept back for a person: encrypted, too large to scan, or unscannable.
    case held
    case cancelled

    public var isFinal: Bool { self != .pending && self != .processing }
}
