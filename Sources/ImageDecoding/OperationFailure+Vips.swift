public import Model
public import Vips

extension OperationFailure {
    /// Says what is wrong with a picture in words of the person who uploaded it.
    public init(_ error: VipsError) {
        switch error.code {
        case .empty:
            self.init(.input, code: Code.empty, message: "The file is empty.", detail: error.detail)
        case .unsupported:
            self.init(
                .input, code: Code.unsupported,
                message: "This is not a picture that can be read. JPEG, PNG, WebP, GIF, TIFF, HEIC and AVIF can.",
                detail: error.detail)
        case .truncated:
            self.init(
                .input, code: Code.truncated,
                message: "The picture is cut off: its file ends too early. Please upload it again.",
                detail: error.detail)
        case .corrupt:
            self.init(
                .input, code: Code.corrupt, message: "The picture is damaged and cannot be read.", detail: error.detail)
        case .tooManyPixels:
            self.init(
                .input, code: Code.pixelLimit,
                message: "The picture has more pixels than are allowed. Please upload a smaller one.",
                detail: error.detail)
        case .tooManyFrames:
            self.init(
                .input, code: Code.frameLimit,
                message: "The animation has more frames than are allowed. Please upload a shorter one.",
                detail: error.detail)
        case .outOfMemory:
            self.init(
                .resource, code: Code.outOfMemory, message: "There was not enough memory for this picture.",
                detail: error.detail)
        case .writeFailed:
            self.init(
                .resource, code: Code.noSpace, message: "There was no space left to store the result.",
                detail: error.detail)
        case .internalFailure:
            self.init(
                .internal, code: Code.internalError, message: "The picture could not be processed.",
                detail: error.detail)
        }
    }
}

extension DecodingLimits {
    /// The operation's limits, as the library takes them.
    public init(_ limits: PixelLimits) {
        self.init(
            maxPixels: limits.maxPixels, maxFramePixels: limits.maxFramePixels, maxFrames: limits.maxFrames,
            maxTotalPixels: limits.maxTotalPixels, maxDimension: limits.maxDimension)
    }
}

/// Runs library calls, and speaks of their failures as the operation's.
public func asOperation<T: ~Copyable>(_ body: () throws(VipsError) -> T) throws(OperationFailure) -> T {
    do throws(VipsError) {
        return try body()
    } catch {
        throw OperationFailure(error)
    }
}
