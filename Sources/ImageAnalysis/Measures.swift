internal import Foundation
internal import Model
internal import Vips

/// What is computed from the pixels of one picture.
struct Measures {
    var colors: [DominantColor]
    /// Variance of the Laplacian.
    var sharpness: Double
    var hash: UInt64
    /// Base64.
    var thumbHash: String

    init(_ image: borrowing VipsImage) throws(VipsError) {
        let opaque = try image.flattened()
        sharpness = (try opaque.laplacianVariance() * 100).rounded() / 100
        let square = try opaque.stretched(width: PerceptualHash.side, height: PerceptualHash.side)
        hash = PerceptualHash.hash(rgb: try square.rgbPixels())
        let small = try image.fitted(maxWidth: ThumbHash.maxSide, maxHeight: ThumbHash.maxSide)
        let rgba = try small.rgbPixels(.kept)
        colors = Palette.dominant(rgba: rgba)
        thumbHash = Data(ThumbHash.encode(rgba: rgba, width: small.width, height: small.height)).base64EncodedString()
    }
}
