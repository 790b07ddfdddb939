internal import CFFmpeg

/// Writes a container behind a descriptor that is open for reading and writing (`faststart` reads its own output).
///
/// Add the tracks, `start`, `write`, `finish`. What is written before `start` is held back, as a track can often be added
/// only when its first frame has been decoded, while others have packets already. The descriptor is borrowed and is written from
/// its first byte on; it is not truncated before.
public struct Muxer: ~Copyable {
    private let context: UnsafeMutablePointer<AVFormatContext>
    private let io: FileIO
    private let operation: String
    private let cancellation: Cancellation
    private var started = false
    private var held: [(packet: UnsafeMutablePointer<AVPacket>, track: Int, timeBase: Rational)] = []
    /// How much is held back before `start`.
    public private(set) var heldBytes = 0

    private init(
        adopting context: UnsafeMutablePointer<AVFormatContext>, io: FileIO, operation: String,
        cancellation: Cancellation
    ) {
        self.context = context
        self.io = io
        self.operation = operation
        self.cancellation = cancellation
    }

    deinit {
        releaseHeld()
        avformat_free_context(context)
    }

    /// - Parameter format: FFmpeg's name of the container: `mp4`, `ipod` (M4A).
    public static func create(
        descriptor: Int32, format: String, cancellation: Cancellation = Cancellation()
    ) throws(FFmpegError) -> Muxer {
        let operation = "write \(format)"
        var context: UnsafeMutablePointer<AVFormatContext>?
        try check(avformat_alloc_output_context2(&context, nil, format, nil), operation)
        let made = try allocated(context, operation)
        let io: FileIO
        do throws(FFmpegError) {
            io = try FileIO(descriptor: descriptor, mode: .writing, cancellation: cancellation)
        } catch {
            avformat_free_context(made)
            throw error
        }
        made.pointee.pb = io.context
        // No version and no date in the file.
        made.pointee.flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT
        readsBack(made, descriptor: descriptor)
        return Muxer(adopting: made, io: io, operation: operation, cancellation: cancellation)
    }

    public var wantsGlobalHeader: Bool { context.pointee.oformat.pointee.flags & AVFMT_GLOBALHEADER != 0 }

    /// Bytes written so far.
    public var bytes: Int64 { avio_seek(context.pointee.pb, 0, SEEK_CUR) }

    /// - Returns: the track's index.
    public func addTrack(from encoder: borrowing Encoder) throws(FFmpegError) -> Int {
        let stream = try allocated(avformat_new_stream(context, nil), operation)
        try check(avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context), operation)
        setTag(of: stream)
        stream.pointee.time_base = encoder.context.pointee.time_base
        stream.pointee.avg_frame_rate = encoder.context.pointee.framerate
        stream.pointee.sample_aspect_ratio = encoder.context.pointee.sample_aspect_ratio
        stream.pointee.disposition = AV_DISPOSITION_DEFAULT
        return Int(stream.pointee.index)
    }

    /// A track that takes a stream's packets as they are; metadata and orientation are left behind.
    public func addTrack(copying demuxer: borrowing Demuxer, stream index: Int) throws(FFmpegError) -> Int {
        let source = try demuxer.stream(index)
        let stream = try allocated(avformat_new_stream(context, nil), operation)
        try check(avcodec_parameters_copy(stream.pointee.codecpar, source.pointee.codecpar), operation)
        setTag(of: stream)
        stream.pointee.time_base = source.pointee.time_base
        stream.pointee.avg_frame_rate = source.pointee.avg_frame_rate
        stream.pointee.sample_aspect_ratio = source.pointee.sample_aspect_ratio
        stream.pointee.disposition = AV_DISPOSITION_DEFAULT
        return Int(stream.pointee.index)
    }

    /// A tag belongs to the container it was read from; the container chooses its own. By itself it would call HEVC
    /// `hev1`, which Apple's players do not take.
    private func setTag(of stream: UnsafeMutablePointer<AVStream>) {
        let isHEVC = stream.pointee.codecpar.pointee.codec_id == AV_CODEC_ID_HEVC
        stream.pointee.codecpar.pointee.codec_tag = isHEVC ? Self.hvc1 : 0
    }

    /// As little-endian bytes.
    private static let hvc1: UInt32 = "hvc1".utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }

    /// - Parameter options: of the container: `("movflags", "+faststart")`.
    public mutating func start(options: [(String, String)] = []) throws(FFmpegError) {
        let (context, operation) = (context, operation)
        try withOptions(options, operation) { dictionary throws(FFmpegError) in
            try check(avformat_write_header(context, &dictionary), operation)
        }
        started = true
        defer {
            releaseHeld()
            held = []
            heldBytes = 0
        }
        for (packet, track, timeBase) in held { try interleave(packet, track: track, timeBase: timeBase) }
    }

    /// Takes over the packet's data; the packet is empty afterwards.
    ///
    /// - Parameter timeBase: of the packet's timestamps.
    public mutating func write(_ packet: borrowing Packet, track: Int, timeBase: Rational) throws(FFmpegError) {
        try cancellation.check(operation)
        if started { return try interleave(packet.raw, track: track, timeBase: timeBase) }
        let copy = try allocated(av_packet_alloc(), operation)
        heldBytes += packet.bytes
        av_packet_move_ref(copy, packet.raw)
        held.append((copy, track, timeBase))
    }

    /// Writes what is held back and the index; with `faststart` it then moves the index to the front.
    public mutating func finish() throws(FFmpegError) {
        guard started else { throw FFmpegError(.setting, operation, "not started") }
        started = false
        try checkIO(av_write_trailer(context))
        avio_flush(context.pointee.pb)
        try checkIO(context.pointee.pb.pointee.error)
    }

    private func interleave(
        _ packet: UnsafeMutablePointer<AVPacket>, track: Int, timeBase: Rational
    ) throws(FFmpegError) {
        guard track < Int(context.pointee.nb_streams), let stream = context.pointee.streams[track] else {
            throw FFmpegError(.setting, operation, "there is no track \(track)")
        }
        packet.pointee.stream_index = Int32(track)
        packet.pointee.pos = -1
        // Writing the header may have changed the stream's own time base.
        av_packet_rescale_ts(packet, timeBase.raw, stream.pointee.time_base)
        try checkIO(av_interleaved_write_frame(context, packet))
    }

    private func releaseHeld() {
        for (packet, _, _) in held {
            var packet: UnsafeMutablePointer<AVPacket>? = packet
            av_packet_free(&packet)
        }
    }

    private func checkIO(_ status: Int32) throws(FFmpegError) {
        guard status < 0 else { return }
        if io.failure != 0 { throw FFmpegError(status: -io.failure, operation, otherwise: .io) }
        throw FFmpegError(status: status, operation, otherwise: .invalidData)
    }

    /// The only thing that may be opened again is the output itself, for reading.
    private static func readsBack(_ context: UnsafeMutablePointer<AVFormatContext>, descriptor: Int32) {
        context.pointee.opaque = UnsafeMutableRawPointer(bitPattern: Int(descriptor) + 1)
        context.pointee.io_open = { context, nested, _, flags, _ in
            nested?.pointee = nil
            guard let context, let opaque = context.pointee.opaque, flags & AVIO_FLAG_WRITE == 0 else { return -EACCES }
            let descriptor = Int32(truncatingIfNeeded: Int(bitPattern: opaque) - 1)
            guard let io = try? FileIO(descriptor: descriptor, mode: .reading, cancellation: nil) else {
                return -ENOMEM
            }
            // Balanced in io_close2.
            nested?.pointee = Unmanaged.passRetained(io).takeUnretainedValue().context
            return 0
        }
        context.pointee.io_close2 = { _, io in
            if let opaque = io?.pointee.opaque { Unmanaged<FileIO>.fromOpaque(opaque).release() }
            return 0
        }
    }
}
