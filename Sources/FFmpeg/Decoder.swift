internal import CFFmpeg

/// Decodes one stream. After each `send`, call `receive` until it answers false; at the end `sendEnd`, and again.
public struct Decoder: ~Copyable {
    private let context: UnsafeMutablePointer<AVCodecContext>
    private let operation: String

    private init(adopting context: UnsafeMutablePointer<AVCodecContext>, operation: String) {
        self.context = context
        self.operation = operation
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&context)
    }

    /// - Parameter threads: 1…; how many the decoder may use.
    /// - Throws: ``FFmpegError`` with `.unsupportedCodec` when there is no decoder or the policy does not allow it.
    public static func open(
        _ demuxer: borrowing Demuxer, stream index: Int, threads: Int
    ) throws(FFmpegError) -> Decoder {
        let stream = try demuxer.stream(index)
        let name = String(cString: avcodec_get_name(stream.pointee.codecpar.pointee.codec_id))
        let operation = "decode \(name)"
        guard let codec = avcodec_find_decoder(stream.pointee.codecpar.pointee.codec_id),
            demuxer.policy.codecs.contains(String(cString: codec.pointee.name))
        else {
            throw FFmpegError(.unsupportedCodec, operation, "there is no decoder for \(name), or it is not allowed")
        }
        let context = try allocated(avcodec_alloc_context3(codec), operation)
        let decoder = Decoder(adopting: context, operation: operation)
        try check(avcodec_parameters_to_context(context, stream.pointee.codecpar), operation, otherwise: .invalidData)
        context.pointee.pkt_timebase = stream.pointee.time_base
        context.pointee.thread_count = Int32(clamping: max(1, threads))
        context.pointee.max_pixels = demuxer.policy.maxPixels
        // Ten seconds of sound in one packet is no sound.
        context.pointee.max_samples = 10 * 192_000
        try check(avcodec_open2(context, codec, nil), operation, otherwise: .invalidData)
        return decoder
    }

    /// - Throws: ``FFmpegError`` with `.invalidData` for a broken packet: the next one may be good again.
    public func send(_ packet: borrowing Packet) throws(FFmpegError) {
        try check(avcodec_send_packet(context, packet.raw), operation, otherwise: .invalidData)
    }

    public func sendEnd() throws(FFmpegError) {
        let status = avcodec_send_packet(context, nil)
        if status != cff_err_eof() { try check(status, operation, otherwise: .invalidData) }
    }

    /// - Returns: false when it needs another packet, or has given its last frame.
    public func receive(into frame: borrowing Frame) throws(FFmpegError) -> Bool {
        let status = avcodec_receive_frame(context, frame.raw)
        if status == -EAGAIN || status == cff_err_eof() { return false }
        try check(status, operation, otherwise: .invalidData)
        return true
    }
}
