/// What every worker needs.
public struct WorkerSettings: Sendable {
    public var slots: Int
    public var scratchDirectory: String
    /// Where the helper executables are; nil: beside the worker's own.
    public var helperDirectory: String?
    public var helperMaxJobs: Int
    public var helperMaxBytes: Int64
    public var helperRecycleBytes: Int64

    public init(_ read: SettingsReader) throws(SettingError) {
        slots = try read(Self.slots)
        scratchDirectory = try read(Self.scratchDirectory)
        helperDirectory = try read.optional(Self.helperDirectory)
        helperMaxJobs = try read(Self.helperMaxJobs)
        helperMaxBytes = Int64(try read(Self.helperMaxMiB)) << 20
        helperRecycleBytes = Int64(try read(Self.helperRecycleMiB)) << 20
    }

    static let slots = Setting<Int>.int(
        "FLOTILLA_SLOTS", "Jobs that one worker process runs at a time.", default: 2, in: 1...256)
    static let scratchDirectory = Setting<String>.text(
        "FLOTILLA_SCRATCH", "A folder for files in the making; best on the disk of the storage folder.",
        default: "/tmp", allowed: "an existing folder")
    static let helperDirectory = Setting<String>.text(
        "FLOTILLA_HELPERS", "The folder of the helper executables; unset: the worker's own folder.", default: nil,
        allowed: "an existing folder")
    static let helperMaxJobs = Setting<Int>.int(
        "FLOTILLA_HELPER_MAX_JOBS", "A helper process is replaced after this many jobs.", default: 500,
        in: 1...1_000_000, unit: "jobs")
    static let helperMaxMiB = Setting<Int>.int(
        "FLOTILLA_HELPER_MAX_MIB", "Address space of one image or video helper.", default: 3072, in: 256...1_048_576,
        unit: "MiB")
    static let helperRecycleMiB = Setting<Int>.int(
        "FLOTILLA_HELPER_RECYCLE_MIB", "A helper whose resident memory stays above this is replaced.", default: 512,
        in: 64...1_048_576, unit: "MiB")

    static let descriptions: [SettingDescription] = [
        slots.description, scratchDirectory.description, helperDirectory.description, helperMaxJobs.description,
        helperMaxMiB.description, helperRecycleMiB.description,
    ]
}
