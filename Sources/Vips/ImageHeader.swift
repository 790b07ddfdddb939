internal import CVipsShim

/// What a file's header says of its picture, before any pixel is decoded.
public struct ImageHeader: Sendable, Equatable {
    public enum Format: String, Sendable, Equatable {
        case jpeg, png, webp, gif, tiff
        /// HEIC, or any HEIF file that is not AVIF.
        case heif
        case avif
    }

    /// How an animation plays.
    public struct Animation: Sendable, Equatable {
        /// Milliseconds that each frame is shown.
        public var delaysMs: [Int]
        /// How often it plays; 0: for ever.
        public var loops: Int
    }

    public var format: Format
    /// The stored size of one frame, before ``orientation`` is applied.
    public var width: Int
    public var height: Int
    /// Frames of an animation, pages of a TIFF, images in a HEIF file.
    public var frames: Int
    /// Channels as stored, alpha included.
    public var bands: Int
    public var bitsPerSample: Int
    /// libvips' name of the colour space: `srgb`, `b-w`, `cmyk`, `rgb16`, `grey16`, `labs` …
    public var interpretation: String
    public var hasAlpha: Bool
    /// Interlaced PNG or GIF, progressive JPEG: needs all pixels in memory at once.
    public var isInterlaced: Bool
    /// EXIF's 1…8; 1 when there is none. HEIF and AVIF say 1, as their decoder turns the picture by itself.
    public var orientation: Int
    public var hasICCProfile: Bool
    /// Bits of a palette's index (1…8); 0 when there is no palette.
    public var paletteBits: Int
    public var animation: Animation?

    public var isAnimated: Bool { frames > 1 && (format == .gif || format == .webp) }
    public var isCMYK: Bool { interpretation == "cmyk" }

    /// Width and height once the picture stands upright.
    public var uprightSize: (width: Int, height: Int) {
        orientation >= 5 ? (height, width) : (width, height)
    }
}

extension ImageHeader {
    init(reading image: borrowing ImageHandle) throws(VipsError) {
        var facts = cvips_facts()
        cvips_image_facts(image.pointer, &facts)
        let loader = image.string("vips-loader") ?? ""
        let name = loader.split(separator: "load").first.map(String.init) ?? loader
        let compression = image.string("heif-compression")
        guard let format = Format(rawValue: compression == "av1" ? "avif" : name) else {
            throw VipsError(.unsupported, "decoded by \(loader)")
        }
        self.init(
            format: format, width: Int(facts.width), height: Int(facts.page_height), frames: Int(facts.pages),
            bands: Int(facts.bands), bitsPerSample: Int(facts.bits),
            interpretation: String(cString: cvips_image_interpretation(image.pointer)),
            hasAlpha: facts.has_alpha != 0, isInterlaced: facts.interlaced != 0,
            orientation: (1...8).contains(facts.orientation) ? Int(facts.orientation) : 1,
            hasICCProfile: facts.has_profile != 0, paletteBits: Int(facts.palette_bits), animation: nil)
        if isAnimated {
            animation = Animation(delaysMs: image.integers("delay"), loops: image.integer("loop") ?? 0)
        }
    }
}
