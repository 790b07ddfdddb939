internal import CFFmpeg

/// Encodes pictures or sound. After each `send`, call `receive` until it answers false; at the end `sendEnd`, and again.
public struct Encoder: ~Copyable {
    let context: UnsafeMutablePointer<AVCodecContext>
    private let operation: String

    private init(adopting context: UnsafeMutablePointer<AVCodecContext>, operation: String) {
        self.context = context
        self.operation = operation
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&context)
    }

    /// An encoder for frames like `frame`: its size, format, colours and layout.
    ///
    /// - Parameters:
    ///   - name: FFmpeg's name of the encoder: `libx264`, `aac`, `mjpeg`, `libwebp`.
    ///   - timeBase: of the frames' timestamps, and of the packets'.
    ///   - frameRate: a hint; the timestamps decide.
    ///   - globalHeader: whether the container (``Muxer/wantsGlobalHeader``) keeps the codec's headers itself.
    ///   - options: the encoder's own and the generic ones, as the ffmpeg program names them (`preset`, `crf`, `b`).
    public static func open(
        _ name: String, like frame: borrowing Frame, timeBase: Rational, frameRate: Double? = nil,
        globalHeader: Bool, threads: Int, options: [(String, String)]
    ) throws(FFmpegError) -> Encoder {
        let operation = "encode \(name)"
        guard let codec = avcodec_find_encoder_by_name(name) else {
            throw FFmpegError(
                .setting, operation, "this FFmpeg has no encoder \(name)", status: cff_err_encoder_not_found())
        }
        let context = try allocated(avcodec_alloc_context3(codec), operation)
        let encoder = Encoder(adopting: context, operation: operation)
        let source = frame.raw.pointee
        if codec.pointee.type == AVMEDIA_TYPE_VIDEO {
            context.pointee.width = source.width
            context.pointee.height = source.height
            context.pointee.pix_fmt = AVPixelFormat(source.format)
            context.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
            context.pointee.color_range = source.color_range
            context.pointee.color_primaries = source.color_primaries
            context.pointee.color_trc = source.color_trc
            context.pointee.colorspace = source.colorspace
            context.pointee.chroma_sample_location = source.chroma_location
            if let frameRate { context.pointee.framerate = av_d2q(frameRate, 100_000) }
        } else {
            context.pointee.sample_rate = source.sample_rate
            context.pointee.sample_fmt = AVSampleFormat(source.format)
            try check(av_channel_layout_copy(&context.pointee.ch_layout, &frame.raw.pointee.ch_layout), operation)
        }
        context.pointee.time_base = timeBase.raw
        context.pointee.thread_count = Int32(clamping: max(1, threads))
        // The same input and settings give the same bytes: no version, no date.
        context.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        if globalHeader { context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
        try withOptions(options, operation) { dictionary throws(FFmpegError) in
            try check(avcodec_open2(context, codec, &dictionary), operation)
        }
        return encoder
    }

    public var timeBase: Rational { Rational(context.pointee.time_base) }

    /// How many samples a frame of sound must have, but the last; 0: any number.
    public var samplesPerFrame: Int { Int(context.pointee.frame_size) }

    public func send(_ frame: borrowing Frame) throws(FFmpegError) {
        try check(avcodec_send_frame(context, frame.raw), operation)
    }

    public func sendEnd() throws(FFmpegError) {
        let status = avcodec_send_frame(context, nil)
        if status != cff_err_eof() { try check(status, operation) }
    }

    /// - Returns: false when it needs another frame, or has given its last packet.
    public func receive(into packet: borrowing Packet) throws(FFmpegError) -> Bool {
        let status = avcodec_receive_packet(context, packet.raw)
        if status == -EAGAIN || status == cff_err_eof() { return false }
        try check(status, operation)
        return true
    }
}
