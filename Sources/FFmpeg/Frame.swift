internal import CFFmpeg

/// A decoded picture or a stretch of sound; one frame can be used again and again as a container.
public struct Frame: ~Copyable {
    let raw: UnsafeMutablePointer<AVFrame>

    public init() throws(FFmpegError) {
        raw = try allocated(av_frame_alloc(), "frame")
    }

    deinit {
        var frame: UnsafeMutablePointer<AVFrame>? = raw
        av_frame_free(&frame)
    }

    public var width: Int { Int(raw.pointee.width) }
    public var height: Int { Int(raw.pointee.height) }
    public var sampleRate: Int { Int(raw.pointee.sample_rate) }
    /// Samples a channel.
    public var samples: Int { Int(raw.pointee.nb_samples) }

    /// In the time base of whatever made the frame; nil where nothing is known.
    public var timestamp: Int64? { raw.pointee.pts == cff_no_pts() ? nil : raw.pointee.pts }

    /// The decoder's best guess, from presentation and decoding times.
    public var bestTimestamp: Int64? {
        raw.pointee.best_effort_timestamp == cff_no_pts() ? nil : raw.pointee.best_effort_timestamp
    }

    /// 0 where unknown.
    public var duration: Int64 { max(0, raw.pointee.pkt_duration) }

    public func setTimestamp(_ timestamp: Int64, duration: Int64) {
        raw.pointee.pts = timestamp
        raw.pointee.pkt_duration = duration
    }

    /// Lets the encoder choose the picture's type, rather than repeat that of the input.
    public func clearPictureType() {
        raw.pointee.pict_type = AV_PICTURE_TYPE_NONE
        raw.pointee.key_frame = 0
    }

    /// Another reference to the same data.
    public func reference() throws(FFmpegError) -> Frame {
        let copy = try Frame()
        try check(av_frame_ref(copy.raw, raw), "frame", otherwise: .outOfMemory)
        return copy
    }

    /// Everything that a filter graph is built for; when it changes, a new graph is needed.
    public var shape: FrameShape {
        let frame = raw.pointee
        return FrameShape(
            format: frame.format, width: frame.width, height: frame.height,
            pixelAspect: Rational(frame.sample_aspect_ratio), range: frame.color_range, sampleRate: frame.sample_rate,
            layout: Self.describe(frame.ch_layout))
    }

    /// The share (0…1) of pixels at most a tenth above black, from a sample of every fourth pixel each way.
    ///
    /// Defined for 8-bit planar YUV of limited range; the threshold is that of FFmpeg's `blackdetect` filter.
    public var darkShare: Double {
        guard let luma = cff_plane(raw, 0), width > 0, height > 0 else { return 1 }
        let stride = Int(cff_stride(raw, 0))
        var dark = 0
        var seen = 0
        for y in Swift.stride(from: 0, to: height, by: 4) {
            let row = luma + y * stride
            for x in Swift.stride(from: 0, to: width, by: 4) {
                if row[x] <= 37 { dark += 1 }
                seen += 1
            }
        }
        return Double(dark) / Double(seen)
    }

    func clear() { av_frame_unref(raw) }

    /// `stereo`, `5.1` …; a layout without positions becomes the usual one for its number of channels.
    private static func describe(_ layout: AVChannelLayout) -> String {
        var layout = layout
        if layout.order == AV_CHANNEL_ORDER_UNSPEC {
            let channels = layout.nb_channels
            guard channels > 0 else { return "" }
            av_channel_layout_default(&layout, channels)
        }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress, av_channel_layout_describe(&layout, start, 128) > 0 else { return "" }
            return String(cString: start)
        }
    }
}

/// What must stay the same from frame to frame for one filter graph.
public struct FrameShape: Sendable, Hashable {
    var format: Int32
    public var width: Int32
    public var height: Int32
    public var pixelAspect: Rational
    var range: AVColorRange
    public var sampleRate: Int32
    public var layout: String

    /// FFmpeg's name of the pixel format: `yuv420p10le`; nil for sound.
    public var pixelFormat: String? {
        width > 0 ? av_get_pix_fmt_name(AVPixelFormat(format)).map { String(cString: $0) } : nil
    }

    /// Luma from 0 to 255 instead of 16 to 235.
    public var isFullRange: Bool {
        range == AVCOL_RANGE_JPEG || pixelFormat?.hasPrefix("yuvj") == true
    }

    /// Red, green and blue rather than luma and chroma.
    public var isRGB: Bool {
        guard width > 0, let facts = av_pix_fmt_desc_get(AVPixelFormat(format)) else { return false }
        return facts.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0
    }
}
