internal import CFFmpeg

/// How stored rows and columns become an upright picture: a mirror image first where said, then a clockwise turn.
public struct Orientation: Sendable, Hashable {
    /// Left and right are swapped before turning.
    public var isMirrored: Bool
    /// 0…3 quarter turns clockwise.
    public var quarterTurns: Int

    public init(isMirrored: Bool = false, quarterTurns: Int = 0) {
        self.isMirrored = isMirrored
        self.quarterTurns = quarterTurns
    }

    public static let upright = Orientation()

    public var swapsSides: Bool { quarterTurns % 2 == 1 }

    /// From a QuickTime display matrix (`a b u c d v x y w`, row vectors); angles between are taken to the nearest turn.
    ///
    /// Source: QuickTime File Format, "Matrices"; FFmpeg `libavutil/display.h`.
    init(matrix: UnsafePointer<Int32>) {
        var (a, b) = (Double(matrix[0]), Double(matrix[1]))
        let (c, d) = (Double(matrix[3]), Double(matrix[4]))
        let mirrored = a * d - b * c < 0
        // Taking the mirror image out first negates the first row.
        if mirrored { (a, b) = (-a, -b) }
        // A point one step to the right lands at (a, b); y points down, so (0, 1) is a turn clockwise.
        let turns: Int =
            if abs(a) >= abs(b) { a >= 0 ? 0 : 2 } else { b > 0 ? 1 : 3 }
        self.init(isMirrored: mirrored, quarterTurns: turns)
    }
}

/// What a container and its codec headers say of one stream. Nothing in it has been proven by decoding.
public struct StreamInfo: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable { case video, audio, subtitle, other }

    public enum Transfer: Sendable, Hashable {
        case standard
        /// SMPTE ST 2084 (HDR10, Dolby Vision's base layer).
        case perceptualQuantizer
        /// ARIB STD-B67.
        case hybridLogGamma
    }

    public var index: Int
    public var kind: Kind
    /// `h264`, `vp9`, `aac` …
    public var codec: String
    /// `High`, `LC` …; nil where unknown.
    public var profile: String?
    public var timeBase: Rational
    /// Nil where the container does not say.
    public var duration: Duration?
    /// What the container counts; 0 where it does not say.
    public var frames: Int64
    /// Bits a second; 0 where unknown.
    public var bitRate: Int64
    /// A cover picture, not a film.
    public var isAttachedPicture: Bool
    public var isDefault: Bool
    /// A decoder for it is there and allowed.
    public var isDecodable: Bool

    /// As stored, before orientation and pixel shape.
    public var width: Int
    public var height: Int
    public var pixelFormat: String?
    /// A pixel's width ÷ height; 1 where unknown.
    public var pixelAspect: Double
    public var orientation: Orientation
    /// Frames a second on average; nil where unknown.
    public var frameRate: Double?
    public var transfer: Transfer

    public var sampleRate: Int
    public var channels: Int
}

extension StreamInfo {
    init(_ stream: UnsafeMutablePointer<AVStream>, of context: UnsafeMutablePointer<AVFormatContext>, codecs: [String])
    {
        let parameters = stream.pointee.codecpar.pointee
        index = Int(stream.pointee.index)
        kind =
            switch parameters.codec_type {
            case AVMEDIA_TYPE_VIDEO: .video
            case AVMEDIA_TYPE_AUDIO: .audio
            case AVMEDIA_TYPE_SUBTITLE: .subtitle
            default: .other
            }
        codec = String(cString: avcodec_get_name(parameters.codec_id))
        profile = avcodec_profile_name(parameters.codec_id, parameters.profile).map { String(cString: $0) }
        timeBase = Rational(stream.pointee.time_base)
        duration = nil
        if stream.pointee.duration != cff_no_pts(), stream.pointee.duration >= 0 {
            duration = .seconds(timeBase.seconds(stream.pointee.duration))
        }
        frames = max(0, stream.pointee.nb_frames)
        bitRate = max(0, parameters.bit_rate)
        isAttachedPicture = stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0
        isDefault = stream.pointee.disposition & AV_DISPOSITION_DEFAULT != 0
        isDecodable =
            avcodec_find_decoder(parameters.codec_id).map { codecs.contains(String(cString: $0.pointee.name)) }
            ?? false
        width = Int(parameters.width)
        height = Int(parameters.height)
        pixelFormat = nil
        if kind == .video, let name = av_get_pix_fmt_name(AVPixelFormat(parameters.format)) {
            pixelFormat = String(cString: name)
        }
        pixelAspect = Rational(av_guess_sample_aspect_ratio(context, stream, nil)).value ?? 1
        orientation = .upright
        if let matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, nil) {
            orientation = matrix.withMemoryRebound(to: Int32.self, capacity: 9) { Orientation(matrix: $0) }
        }
        frameRate = Rational(stream.pointee.avg_frame_rate).value ?? Rational(stream.pointee.r_frame_rate).value
        transfer =
            switch parameters.color_trc {
            case AVCOL_TRC_SMPTE2084: .perceptualQuantizer
            case AVCOL_TRC_ARIB_STD_B67: .hybridLogGamma
            default: .standard
            }
        sampleRate = Int(parameters.sample_rate)
        channels = Int(parameters.ch_layout.nb_channels)
    }
}
