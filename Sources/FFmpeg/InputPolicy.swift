/// What an input may be. Everything is judged by content; names and endings are never seen here.
///
/// Playlists and other containers that point at further files (HLS, DASH, concat, SDP, image sequences) are left out on
/// purpose, no protocol is allowed, and a nested open is refused: a file can never make FFmpeg read anything but itself.
public struct InputPolicy: Sendable, Hashable {
    /// Names of FFmpeg's demuxers.
    public var formats: [String]
    /// Names of FFmpeg's decoders.
    public var codecs: [String]
    public var maxStreams: Int
    /// Width × height that a decoder may allocate.
    public var maxPixels: Int64
    /// How many bytes may be read to find out what the file is, 32…
    public var probeBytes: Int
    public var probeDuration: Duration

    public init(
        formats: [String] = InputPolicy.commonFormats, codecs: [String] = InputPolicy.commonCodecs,
        maxStreams: Int = 64, maxPixels: Int64 = 35_389_440, probeBytes: Int = 5_000_000,
        probeDuration: Duration = .seconds(5)
    ) {
        self.formats = formats
        self.codecs = codecs
        self.maxStreams = maxStreams
        self.maxPixels = maxPixels
        self.probeBytes = probeBytes
        self.probeDuration = probeDuration
    }

    public static let commonFormats = [
        "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mp3", "ogg", "flac", "wav", "aac",
        "mpegts",
    ]

    public static let commonCodecs = [
        "h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4", "mpeg2video", "mpeg1video", "h263", "theora",
        "msmpeg4v2", "msmpeg4", "mjpeg", "prores", "dvvideo",
        "aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "opus", "vorbis", "flac", "ac3", "eac3", "alac",
        "amrnb", "amrwb", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_u8",
        "pcm_s8", "pcm_f32le", "pcm_f32be", "pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt",
    ]
}
