/// What the picture of a video is encoded as.
public enum VideoCodec: String, Sendable, Hashable, Codable, CaseIterable {
    /// By x264: plays everywhere.
    case h264
    /// By x265: smaller files, much more work, and players that have a licence.
    case hevc

    /// The constant rate factor at which x264 and x265 look alike, as their manuals have it.
    public var defaultCRF: Int { self == .h264 ? 23 : 28 }
}

/// How a video is to come out.
public struct VideoSpec: Sendable, Hashable, Codable {
    public var codec: VideoCodec
    /// The box for a landscape picture; a portrait one gets it turned. Never enlarged.
    public var maxLongSide: Int
    public var maxShortSide: Int
    /// 0…51, the encoder's constant rate factor.
    public var crf: Int
    /// Bits a second that the picture may not exceed over two seconds; nil: no bound.
    public var maxBitrate: Int?
    /// The encoder's preset: `ultrafast` … `veryslow`.
    public var preset: String
    public var audioBitrate: Int
    /// More frames a second than this are thinned out.
    public var maxFrameRate: Int
    /// The poster's longer side in pixels; nil: no poster.
    public var posterLongSide: Int?

    /// - Parameter crf: nil: the codec's ``VideoCodec/defaultCRF``.
    public init(
        codec: VideoCodec = .h264, maxLongSide: Int = 1280, maxShortSide: Int = 720, crf: Int? = nil,
        maxBitrate: Int? = nil, preset: String = "veryfast", audioBitrate: Int = 128_000, maxFrameRate: Int = 60,
        posterLongSide: Int? = 1280
    ) {
        self.codec = codec
        self.maxLongSide = maxLongSide
        self.maxShortSide = maxShortSide
        self.crf = crf ?? codec.defaultCRF
        self.maxBitrate = maxBitrate
        self.preset = preset
        self.audioBitrate = audioBitrate
        self.maxFrameRate = maxFrameRate
        self.posterLongSide = posterLongSide
    }

    private enum CodingKeys: String, CodingKey {
        case codec, crf, preset
        case maxLongSide = "max_long_side"
        case maxShortSide = "max_short_side"
        case maxBitrate = "max_bitrate"
        case audioBitrate = "audio_bitrate"
        case maxFrameRate = "max_frame_rate"
        case posterLongSide = "poster_long_side"
    }
}

/// Asks the video helper for an MP4 (role `output.0`) and, where wanted, a poster (`output.1`) of role `input`.
public struct VideoRequest: Sendable, Hashable, Codable {
    public static let operation = "video.compress"

    public var spec: VideoSpec
    public var limits: VideoLimits
    /// Encoder and decoder threads.
    public var threads: Int

    public init(spec: VideoSpec, limits: VideoLimits = VideoLimits(), threads: Int = 1) {
        self.spec = spec
        self.limits = limits
        self.threads = threads
    }
}

/// What was written into the MP4, read back from it.
public struct VideoOutputFacts: Sendable, Hashable, Codable {
    public var durationMs: Int64
    /// Pictures; 0 where there is sound only.
    public var frames: Int64
    public var videoCodec: String?
    public var audioCodec: String?

    public init(durationMs: Int64, frames: Int64, videoCodec: String?, audioCodec: String?) {
        self.durationMs = durationMs
        self.frames = frames
        self.videoCodec = videoCodec
        self.audioCodec = audioCodec
    }

    private enum CodingKeys: String, CodingKey {
        case frames
        case durationMs = "duration_ms"
        case videoCodec = "video_codec"
        case audioCodec = "audio_codec"
    }
}

/// What a user should know of a result that is there all the same.
public enum VideoWarning: String, Sendable, Hashable, Codable, CaseIterable {
    /// The file ends early; the result has what could be played.
    case truncated
    /// Some pictures or sounds were damaged and left out.
    case damaged
    /// The sound could not be read; the result has none.
    case audioDropped = "audio_dropped"
    /// High dynamic range was brought down to the standard one.
    case toneMapped = "tone_mapped"
}

/// The video helper's answer. `variants[0]` is the MP4 (name `video`), `variants[1]` the poster (name `poster`).
public struct VideoResult: Sendable, Hashable, Codable {
    public var variants: [VariantFacts]
    /// Of the input, upright and with square pixels; 0 where there is sound only.
    public var width: Int
    public var height: Int
    /// Of the input, as far as it could be decoded.
    public var durationMs: Int64
    public var frames: Int64
    /// `h264`, `vp9` … of the input.
    public var videoCodec: String?
    public var audioCodec: String?
    /// True when the streams were copied rather than encoded again.
    public var remuxed: Bool
    public var output: VideoOutputFacts
    public var warnings: [VideoWarning]

    public init(
        variants: [VariantFacts], width: Int, height: Int, durationMs: Int64, frames: Int64, videoCodec: String?,
        audioCodec: String?, remuxed: Bool, output: VideoOutputFacts, warnings: [VideoWarning] = []
    ) {
        self.variants = variants
        self.width = width
        self.height = height
        self.durationMs = durationMs
        self.frames = frames
        self.videoCodec = videoCodec
        self.audioCodec = audioCodec
        self.remuxed = remuxed
        self.output = output
        self.warnings = warnings
    }

    private enum CodingKeys: String, CodingKey {
        case variants, width, height, frames, remuxed, output, warnings
        case durationMs = "duration_ms"
        case videoCodec = "video_codec"
        case audioCodec = "audio_codec"
    }
}
