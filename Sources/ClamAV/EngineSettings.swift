/// How an engine looks at files. Fixed once it is loaded.
public struct EngineSettings: Sendable, Hashable {
    /// CVE-2025-20260 needs a file limit of 1024 MiB and a scan limit of 1025 MiB at least: we stay below both.
    public static let ceilingBytes: UInt64 = 1_000 << 20

    /// A folder for unpacked members; nobody else may write there.
    public var scratch: String
    /// All that is looked at for one file, unpacked members included; at most ``ceilingBytes``.
    ///
    /// The same figure is the engine's limit for a single member: with a smaller one it would cut a member of a ZIP off
    /// there, look at the beginning, and call it clean.
    public var maxScanBytes: UInt64
    /// Archives within archives.
    public var maxRecursion: Int
    /// Members of one file, all levels together.
    public var maxMembers: Int
    /// Wall clock of one file; the engine looks at it now and then only.
    public var maxScanTime: Duration
    /// Whether pictures that break their format's rules are ``ScanOutcome/unscannable(reason:)``.
    public var alertsOnBrokenMedia: Bool

    public init(
        scratch: String, maxScanBytes: UInt64 = EngineSettings.ceilingBytes, maxRecursion: Int = 17,
        maxMembers: Int = 10_000,
        maxScanTime: Duration = .seconds(120), alertsOnBrokenMedia: Bool = false
    ) {
        self.scratch = scratch
        self.maxScanBytes = min(maxScanBytes, Self.ceilingBytes)
        self.maxRecursion = maxRecursion
        self.maxMembers = maxMembers
        self.maxScanTime = maxScanTime
        self.alertsOnBrokenMedia = alertsOnBrokenMedia
    }
}

/// Bounds of one scan; those of ``EngineSettings`` hold as well.
public struct ScanLimits: Sendable, Hashable {
    public var maxFileBytes: UInt64
    /// Sum of the sizes of all members, on all levels.
    public var maxUnpackedBytes: UInt64
    public var maxTime: Duration

    public init(
        maxFileBytes: UInt64 = EngineSettings.ceilingBytes, maxUnpackedBytes: UInt64 = EngineSettings.ceilingBytes,
        maxTime: Duration = .seconds(120)
    ) {
        self.maxFileBytes = maxFileBytes
        self.maxUnpackedBytes = maxUnpackedBytes
        self.maxTime = maxTime
    }
}
