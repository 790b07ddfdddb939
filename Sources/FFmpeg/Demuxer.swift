internal import CFFmpeg

/// Takes a container apart that lies behind a descriptor; see ``InputPolicy`` for what is let in.
///
/// The descriptor is borrowed and must stay open; reading uses an offset of its own, so the descriptor's is not moved.
/// Not for use from two threads at once.
public struct Demuxer: ~Copyable {
    let context: UnsafeMutablePointer<AVFormatContext>
    private let io: FileIO
    let policy: InputPolicy
    let cancellation: Cancellation
    public let streams: [StreamInfo]

    private init(
        adopting context: UnsafeMutablePointer<AVFormatContext>, io: FileIO, policy: InputPolicy,
        cancellation: Cancellation, streams: [StreamInfo]
    ) {
        self.context = context
        self.io = io
        self.policy = policy
        self.cancellation = cancellation
        self.streams = streams
    }

    deinit {
        var context: UnsafeMutablePointer<AVFormatContext>? = context
        avformat_close_input(&context)
    }

    /// Finds out what the file is and reads its headers.
    ///
    /// - Throws: ``FFmpegError`` with `.unsupportedFormat` (also for text, pictures and playlists, whatever they are
    ///   called), `.invalidData`, `.limit`, `.io` or `.cancelled`.
    public static func open(
        descriptor: Int32, policy: InputPolicy = InputPolicy(), cancellation: Cancellation = Cancellation()
    ) throws(FFmpegError) -> Demuxer {
        let io = try FileIO(descriptor: descriptor, mode: .reading, cancellation: cancellation)
        let context = try allocated(avformat_alloc_context(), "open")
        context.pointee.pb = io.context
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        context.pointee.io_open = { _, nested, _, _, _ in
            nested?.pointee = nil
            return -EACCES
        }
        context.pointee.interrupt_callback = AVIOInterruptCB(
            callback: { opaque in
                guard let opaque else { return 0 }
                return Unmanaged<Cancellation>.fromOpaque(opaque).takeUnretainedValue().isCancelled ? 1 : 0
            },
            opaque: Unmanaged.passUnretained(cancellation).toOpaque())
        var opened: UnsafeMutablePointer<AVFormatContext>? = context
        let options = [
            ("format_whitelist", policy.formats.joined(separator: ",")),
            ("codec_whitelist", policy.codecs.joined(separator: ",")),
            ("protocol_whitelist", "none"),
            ("probesize", "\(policy.probeBytes)"),
            ("analyzeduration", "\(policy.probeDuration.components.seconds * 1_000_000)"),
        ]
        // On failure this call frees the context.
        try withOptions(options, "open") { dictionary throws(FFmpegError) in
            let status = avformat_open_input(&opened, nil, nil, &dictionary)
            // An allow-list refuses with EINVAL.
            try check(status, "open", otherwise: .unsupportedFormat)
        }
        do throws(FFmpegError) {
            try findStreams(context, policy: policy)
        } catch {
            avformat_close_input(&opened)
            throw error
        }
        let streams = (0..<Int(context.pointee.nb_streams)).compactMap { index in
            context.pointee.streams[index].map { StreamInfo($0, of: context, codecs: policy.codecs) }
        }
        return Demuxer(adopting: context, io: io, policy: policy, cancellation: cancellation, streams: streams)
    }

    /// FFmpeg's name, with the aliases: `mov,mp4,m4a,3gp,3g2,mj2`.
    public var format: String { String(cString: context.pointee.iformat.pointee.name) }

    /// The length the container announces, or an estimate from its bit rate; nil where there is neither.
    public var duration: Duration? {
        let duration = context.pointee.duration
        return duration == cff_no_pts() || duration < 0 ? nil : .microseconds(duration)
    }

    /// Where the earliest stream begins, in microseconds; 0 where unknown.
    public var startMicroseconds: Int64 {
        context.pointee.start_time == cff_no_pts() ? 0 : context.pointee.start_time
    }

    /// How far reading has come, in bytes.
    public var position: Int64 { avio_seek(context.pointee.pb, 0, SEEK_CUR) }

    /// Lower-case names of the container's and all streams' metadata entries.
    public var metadataKeys: Set<String> {
        var keys = Self.keys(context.pointee.metadata)
        for index in 0..<Int(context.pointee.nb_streams) {
            if let stream = context.pointee.streams[index] { keys.formUnion(Self.keys(stream.pointee.metadata)) }
        }
        return keys
    }

    /// Only packets of these streams are read from now on.
    public func select(_ indexes: Set<Int>) {
        for index in 0..<Int(context.pointee.nb_streams) {
            context.pointee.streams[index]?.pointee.discard =
                indexes.contains(index) ? AVDISCARD_DEFAULT : AVDISCARD_ALL
        }
    }

    /// Reads the next packet of a selected stream.
    ///
    /// - Returns: false at the end of the file.
    public func read(into packet: borrowing Packet) throws(FFmpegError) -> Bool {
        while true {
            packet.clear()
            try cancellation.check("read")
            let status = av_read_frame(context, packet.raw)
            if status == cff_err_eof() { return false }
            try check(status, "read", otherwise: .invalidData)
            // Some demuxers hand out packets of streams that are not wanted all the same.
            let stream = context.pointee.streams[packet.stream]
            if stream?.pointee.discard != AVDISCARD_ALL { return true }
        }
    }

    func stream(_ index: Int) throws(FFmpegError) -> UnsafeMutablePointer<AVStream> {
        guard (0..<Int(context.pointee.nb_streams)).contains(index), let stream = context.pointee.streams[index] else {
            throw FFmpegError(.setting, "stream \(index)", "there is no such stream")
        }
        return stream
    }

    private static func findStreams(
        _ context: UnsafeMutablePointer<AVFormatContext>, policy: InputPolicy
    ) throws(FFmpegError) {
        try checkStreams(context, policy: policy)
        // The decoders that look into the streams get the same bound on pixels as ours.
        let count = Int(context.pointee.nb_streams)
        var options = [OpaquePointer?](repeating: nil, count: max(1, count))
        for index in 0..<count { av_dict_set_int(&options[index], "max_pixels", policy.maxPixels, 0) }
        defer { for index in options.indices { av_dict_free(&options[index]) } }
        let status = avformat_find_stream_info(context, &options)
        try check(status, "find streams", otherwise: .invalidData)
        // Some containers show their streams only on the way.
        try checkStreams(context, policy: policy)
    }

    private static func checkStreams(
        _ context: UnsafeMutablePointer<AVFormatContext>, policy: InputPolicy
    ) throws(FFmpegError) {
        guard Int(context.pointee.nb_streams) <= policy.maxStreams else {
            throw FFmpegError(.limit, "open", "more than \(policy.maxStreams) streams")
        }
    }

    private static func keys(_ dictionary: OpaquePointer?) -> Set<String> {
        var keys: Set<String> = []
        var entry = av_dict_get(dictionary, "", nil, AV_DICT_IGNORE_SUFFIX)
        while let found = entry {
            keys.insert(String(cString: found.pointee.key).lowercased())
            entry = av_dict_get(dictionary, "", found, AV_DICT_IGNORE_SUFFIX)
        }
        return keys
    }
}
