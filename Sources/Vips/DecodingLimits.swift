/// What a picture may be before it is decoded; all sides are those of one frame, in pixels.
public struct DecodingLimits: Sendable, Equatable {
    /// Width × height of a still.
    public var maxPixels: Int64
    /// Width × height of one frame of an animation.
    public var maxFramePixels: Int64
    public var maxFrames: Int
    /// Width × height × frames of an animation.
    public var maxTotalPixels: Int64
    /// The longer side.
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

    /// Refuses a picture by its header alone.
    ///
    /// - Throws: ``VipsError`` with `.tooManyPixels` or `.tooManyFrames`.
    public func check(_ header: ImageHeader) throws(VipsError) {
        let size = "\(header.width) × \(header.height)"
        guard header.width > 0, header.height > 0 else { throw VipsError(.corrupt, "no pixels: \(size)") }
        guard max(header.width, header.height) <= maxDimension else {
            throw VipsError(.tooManyPixels, "\(size): a side may have \(maxDimension) pixels")
        }
        let pixels = Int64(header.width) * Int64(header.height)
        guard header.isAnimated else {
            guard pixels <= maxPixels else {
                throw VipsError(.tooManyPixels, "\(size): \(maxPixels) pixels are allowed")
            }
            return
        }
        guard header.frames <= maxFrames else {
            throw VipsError(.tooManyFrames, "\(header.frames) frames: \(maxFrames) are allowed")
        }
        guard pixels <= maxFramePixels, pixels <= maxTotalPixels / Int64(header.frames) else {
            throw VipsError(
                .tooManyPixels,
                "\(header.frames) frames of \(size): \(maxFramePixels) pixels a frame and \(maxTotalPixels) in all")
        }
    }
}
