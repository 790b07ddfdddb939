internal import CFFmpeg

/// A piece of compressed data of one stream; one packet can be used again and again as a container.
public struct Packet: ~Copyable {
    let raw: UnsafeMutablePointer<AVPacket>

    public init() throws(FFmpegError) {
        raw = try allocated(av_packet_alloc(), "packet")
    }

    deinit {
        var packet: UnsafeMutablePointer<AVPacket>? = raw
        av_packet_free(&packet)
    }

    /// Index of the stream it belongs to.
    public var stream: Int { Int(raw.pointee.stream_index) }
    public var bytes: Int { Int(raw.pointee.size) }
    public var isKey: Bool { raw.pointee.flags & AV_PKT_FLAG_KEY != 0 }
    /// The demuxer saw that part of the data is missing.
    public var isCorrupt: Bool { raw.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 }
    /// In the stream's (or encoder's) time base; nil where the container has none.
    public var timestamp: Int64? { raw.pointee.pts == cff_no_pts() ? nil : raw.pointee.pts }
    /// 0 where unknown.
    public var duration: Int64 { raw.pointee.duration }

    public func setDuration(_ duration: Int64) { raw.pointee.duration = max(0, duration) }

    /// Moves both timestamps by `offset` units of the time base.
    public func shift(by offset: Int64) {
        if raw.pointee.pts != cff_no_pts() { raw.pointee.pts &+= offset }
        if raw.pointee.dts != cff_no_pts() { raw.pointee.dts &+= offset }
    }

    /// The compressed bytes, valid within `body` only.
    public func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        try body(UnsafeRawBufferPointer(start: raw.pointee.data, count: Int(raw.pointee.size)))
    }

    func clear() { av_packet_unref(raw) }
}
