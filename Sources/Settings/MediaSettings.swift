/// Limits of what the media helpers take, and where their data is.
public struct MediaSettings: Sendable {
    public var clamavDirectory: String
    public var scanMaxBytes: Int64
    public var scanMaxUnpackedBytes: Int64
    public var labelModel: String
    public var maxPixels: Int64
    public var maxFrames: Int
    public var maxVideoDuration: Duration
    public var videoThreads: Int

    public init(_ read: SettingsReader) throws(SettingError) {
        clamavDirectory = try read(Self.clamavDirectory)
        scanMaxBytes = Int64(try read(Self.scanMaxMiB)) << 20
        scanMaxUnpackedBytes = Int64(try read(Self.scanMaxUnpackedMiB)) << 20
        labelModel = try read(Self.labelModel)
        maxPixels = Int64(try read(Self.maxMegapixels)) * 1_000_000
        maxFrames = try read(Self.maxFrames)
        maxVideoDuration = try read(Self.maxVideoDuration)
        videoThreads = try read(Self.videoThreads)
    }

    static let clamavDirectory = Setting<String>.text(
        "FLOTILLA_CLAMAV_DB", "The folder with ClamAV's signature databases.", default: "/var/lib/clamav",
        allowed: "an existing folder")
    static let scanMaxMiB = Setting<Int>.int(
        "FLOTILLA_SCAN_MAX_MIB", "Larger files get the verdict too_large (below 1024: CVE-2025-20260).", default: 1000,
        in: 1...1023, unit: "MiB")
    static let scanMaxUnpackedMiB = Setting<Int>.int(
        "FLOTILLA_SCAN_MAX_UNPACKED_MIB", "What may be unpacked from one file while it is scanned.", default: 1000,
        in: 1...1024, unit: "MiB")
    static let labelModel = Setting<String>.text(
        "FLOTILLA_LABEL_MODEL", "The ONNX file of the embedded label model.",
        default: "/usr/share/flotilla/efficientnet-lite0.onnx", allowed: "an existing file")
    static let maxMegapixels = Setting<Int>.int(
        "FLOTILLA_MAX_MEGAPIXELS", "Larger pictures are refused from their header.", default: 100, in: 1...2000,
        unit: "megapixels")
    static let maxFrames = Setting<Int>.int(
        "FLOTILLA_MAX_FRAMES", "Animations with more frames are refused.", default: 200, in: 1...10_000, unit: "frames")
    static let maxVideoDuration = Setting<Duration>.seconds(
        "FLOTILLA_MAX_VIDEO_SECONDS", "Longer videos are refused.", default: 14_400, in: 1...86_400)
    static let videoThreads = Setting<Int>.int(
        "FLOTILLA_VIDEO_THREADS", "Encoder threads of one video.", default: 1, in: 1...64)

    static let descriptions: [SettingDescription] = [
        clamavDirectory.description, scanMaxMiB.description, scanMaxUnpackedMiB.description, labelModel.description,
        maxMegapixels.description, maxFrames.description, maxVideoDuration.description, videoThreads.description,
    ]
}
