internal import CVipsShim

/// Decoded pixels in memory: sRGB or grey, 8 bits a band, with or without alpha; an animation's frames stand below one
/// another.
public struct VipsImage: ~Copyable {
    let handle: ImageHandle

    init(_ handle: consuming ImageHandle) { self.handle = handle }

    /// An image of pixels at hand: rows without padding, 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bytes a pixel.
    public static func make(pixels: [UInt8], width: Int, height: Int, bands: Int) throws(VipsError) -> VipsImage {
        guard (1...4).contains(bands), width > 0, height > 0, pixels.count == width * height * bands else {
            throw VipsError(.internalFailure, "\(pixels.count) bytes for \(width) × \(height) × \(bands)")
        }
        return VipsImage(
            try ImageHandle(.process) {
                pixels.withUnsafeBytes {
                    cvips_image_from_pixels($0.baseAddress, Int32(width), Int32(height), Int32(bands))
                }
            })
    }

    var facts: cvips_facts {
        var facts = cvips_facts()
        cvips_image_facts(handle.pointer, &facts)
        return facts
    }

    public var width: Int { Int(facts.width) }
    /// Of one frame.
    public var height: Int { Int(facts.page_height) }
    public var frames: Int { Int(facts.height / max(1, facts.page_height)) }
    /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
    public var bands: Int { Int(facts.bands) }
    public var hasAlpha: Bool { facts.has_alpha != 0 }

    /// How the animation plays; nil for a still.
    public var animation: ImageHeader.Animation? {
        guard frames > 1 else { return nil }
        return ImageHeader.Animation(delaysMs: handle.integers("delay"), loops: handle.integer("loop") ?? 0)
    }

    /// Whether there is no alpha, or alpha that is 255 everywhere.
    public func isOpaque() throws(VipsError) -> Bool {
        let pointer = handle.pointer
        return try VipsLibrary.call(.process) {
            var opaque: Int32 = 0
            return cvips_image_is_opaque(pointer, &opaque) == 0 ? opaque != 0 : nil
        }
    }

    /// The variance of the Laplacian (0 1 0, 1 −4 1, 0 1 0) of the luma at this image's size: how sharp it is.
    ///
    /// Below about 100 at 512 pixels a photograph looks blurred. Source: Pech-Pacheco et al., ICPR 2000.
    public func laplacianVariance() throws(VipsError) -> Double {
        let pointer = handle.pointer
        return try VipsLibrary.call(.process) {
            var variance = 0.0
            return cvips_image_laplacian_variance(pointer, &variance) == 0 ? variance : nil
        }
    }
}

extension VipsImage {
    /// What becomes of transparency in ``VipsImage/rgbPixels(_:)``.
    public enum AlphaTreatment: Sendable {
        /// Laid on a plain colour: 3 bytes a pixel.
        case flattened(red: UInt8, green: UInt8, blue: UInt8)
        /// 4 bytes a pixel, alpha not multiplied in; 255 where the picture has none.
        case kept

        public static let onWhite = AlphaTreatment.flattened(red: 255, green: 255, blue: 255)
    }

    /// sRGB rows without padding: `width * height * frames * 3` bytes (`* 4` with ``AlphaTreatment/kept``).
    public func rgbPixels(_ alpha: AlphaTreatment = .onWhite) throws(VipsError) -> [UInt8] {
        let pointer = handle.pointer
        let rgb = try ImageHandle(.process) { cvips_image_rgb(pointer) }
        guard case .flattened(let red, let green, let blue) = alpha else {
            let bytes = Self.bytes(rgb)
            return hasAlpha ? bytes : Self.withOpaqueAlpha(bytes)
        }
        guard hasAlpha else { return Self.bytes(rgb) }
        let flat = try ImageHandle(.process) { cvips_image_flatten(rgb.pointer, Int32(red), Int32(green), Int32(blue)) }
        return Self.bytes(flat)
    }

    private static func bytes(_ image: borrowing ImageHandle) -> [UInt8] {
        var length = 0
        guard let pixels = cvips_image_pixels(image.pointer, &length) else { return [] }
        return Array(UnsafeRawBufferPointer(start: pixels, count: length))
    }

    private static func withOpaqueAlpha(_ rgb: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: rgb.count / 3 * 4) { buffer, count in
            for pixel in 0..<rgb.count / 3 {
                for band in 0..<3 { buffer[pixel * 4 + band] = rgb[pixel * 3 + band] }
                buffer[pixel * 4 + 3] = 255
            }
            count = rgb.count / 3 * 4
        }
    }
}
