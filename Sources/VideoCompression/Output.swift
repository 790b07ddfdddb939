import FFmpeg

/// The container being written, and the tracks that it still waits for before its header can be written.
struct Output: ~Copyable {
    private var muxer: Muxer
    private var awaited: Int
    private var tracks = 0
    private(set) var hasStarted = false

    /// Held back while a track has not shown its first frame; beyond this the file begins without it.
    private static let maxHeldBytes = 16 << 20

    /// - Parameter tracks: how many are to come.
    init(descriptor: Int32, hasVideo: Bool, tracks: Int, cancellation: Cancellation) throws {
        muxer = try Muxer.create(descriptor: descriptor, format: hasVideo ? "mp4" : "ipod", cancellation: cancellation)
        awaited = tracks
    }

    var bytes: Int64 { muxer.bytes }
    var wantsGlobalHeader: Bool { muxer.wantsGlobalHeader }

    /// - Returns: the track; nil when it comes too late.
    mutating func add(_ encoder: borrowing Encoder) throws -> Int? {
        if hasStarted { return nil }
        let track = try muxer.addTrack(from: encoder)
        tracks += 1
        awaited -= 1
        return track
    }

    mutating func add(copying demuxer: borrowing Demuxer, stream: Int) throws -> Int {
        let track = try muxer.addTrack(copying: demuxer, stream: stream)
        tracks += 1
        awaited -= 1
        return track
    }

    mutating func write(_ packet: borrowing Packet, track: Int, timeBase: Rational) throws {
        if !hasStarted && (awaited <= 0 || muxer.heldBytes > Self.maxHeldBytes) { try start() }
        try muxer.write(packet, track: track, timeBase: timeBase)
    }

    /// - Returns: false when there was no track at all, and hence no file.
    mutating func finish() throws -> Bool {
        guard tracks > 0 else { return false }
        if !hasStarted { try start() }
        try muxer.finish()
        return true
    }

    private mutating func start() throws {
        // The index goes to the front, so that a player can begin before it has all of the file.
        try muxer.start(options: [("movflags", "+faststart")])
        hasStarted = true
    }
}
