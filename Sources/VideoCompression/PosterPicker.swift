import FFmpeg
import Model

/// Keeps the first picture of the film that is not black, or the least black one of its first seconds.
struct PosterPicker: ~Copyable {
    private var best: Frame?
    private var bestDarkShare = 2.0
    private var firstSeconds: Double?
    private(set) var isDone: Bool

    private static let windowSeconds = 5.0
    /// With nine tenths in the dark a picture is a fade-in, not a picture.
    private static let darkShare = 0.9

    /// - Parameter isWanted: false: no picture is looked at.
    init(isWanted: Bool) { isDone = !isWanted }

    /// Looks at an upright picture of the result, 8-bit planar YUV.
    mutating func consider(_ frame: borrowing Frame, seconds: Double) throws {
        if isDone { return }
        let first = firstSeconds ?? seconds
        firstSeconds = first
        if best != nil && seconds - first > Self.windowSeconds {
            isDone = true
            return
        }
        let share = frame.darkShare
        if share < bestDarkShare {
            best = try frame.reference()
            bestDarkShare = share
        }
        isDone = share < Self.darkShare
    }

    /// Writes the picture as a JPEG that fits a square of `longSide`; nothing when there was none.
    ///
    /// - Returns: width and height in pixels.
    mutating func write(to descriptor: Int32, longSide: Int) throws -> (width: Int, height: Int)? {
        guard let picture = best.take() else { return nil }
        isDone = true
        let factor = min(1, Double(longSide) / Double(max(picture.width, picture.height)))
        let width = max(1, Int((Double(picture.width) * factor).rounded()))
        let height = max(1, Int((Double(picture.height) * factor).rounded()))
        picture.setTimestamp(0, duration: 1)
        // JPEG is full range with BT.601's matrix, whatever the film had.
        let graph = try FilterGraph.make(
            "scale=\(width):\(height):out_color_matrix=bt601:out_range=pc,format=yuvj420p", for: picture.shape,
            timeBase: Rational(1, 25))
        try graph.send(picture)
        try graph.sendEnd()
        let scaled = try Frame()
        guard try graph.receive(into: scaled) else { return nil }
        let encoder = try Encoder.open(
            "mjpeg", like: scaled, timeBase: Rational(1, 25), globalHeader: false, threads: 1,
            // Quantiser 3 of 31 in FFmpeg's unit (118 a step): much as quality 90.
            options: [("flags", "+qscale+bitexact"), ("global_quality", "\(3 * 118)"), ("huffman", "optimal")])
        try encoder.send(scaled)
        try encoder.sendEnd()
        let packet = try Packet()
        guard try encoder.receive(into: packet) else { return nil }
        try OutputFile.write(packet, to: descriptor)
        return (width, height)
    }
}
