/// What a picture may be before it is decoded; a larger one is refused from its header.
public struct PixelLimits: Sendable, Hashable, Codable {
    /// Width × height of a still.
    public var maxPixels: Int64
    /// Width × height of one frame of an animation.
    public var maxFramePixels: Int64
    public var maxFrames: Int
    /// Width × height × frames of an animation.
    public var maxTotalPixels: Int64
    public var maxDimension: Int

    public init(
        maxPixels: Int64 = 100_000_000, maxFramePixels: Int64 = 50_000_000, maxFrames: Int = 200,
        maxTotalPixels: Int64 = 400_000_000, maxDimension: Int = 65_500
    ) {
        self.maxPixels = maxPixels
        self.maxFramePixels = maxFramePixels
        self.maxFrames = maxFrames
        self.maxTotalPixels = maxTotalPixels
        self.maxDimension = maxDimension
    }
}

/// What a video may be before it is decoded.
public struct VideoLimits: Sendable, Hashable, Codable {
    /// Width × height of a frame.
    public var maxFramePixels: Int64
    public var maxDurationMs: Int64
    public var maxFrames: Int64
    public var maxStreams: Int

    public init(
        maxFramePixels: Int64 = 35_389_440, maxDurationMs: Int64 = 4 * 3_600_000, maxFrames: Int64 = 1_000_000,
        maxStreams: Int = 64
    ) {
        self.maxFramePixels = maxFramePixels
        self.maxDurationMs = maxDurationMs
        self.maxFrames = maxFrames
        self.maxStreams = maxStreams
    }
}
