/// The picture formats a variant can have.
public enum ImageFormat: String, Sendable, Hashable, Codable, CaseIterable {
    case webp, jpeg, png, avif
    /// JPEG for opaque pictures, PNG for transparent ones: for clients that know neither WebP nor AVIF.
    case fallback
    /// The input's own format, where it can be written (JPEG, PNG, WebP, AVIF, GIF as WebP); else as `fallback`.
    case original
}

/// One wanted output of a picture.
public struct ImageVariantSpec: Sendable, Hashable, Codable {
    /// 1…32 lower-case letters, digits, `-`, `_`; unique in its list: `webp`, `thumbnail` …
    public var name: String
    public var format: ImageFormat
    /// The box the picture is fitted into, never enlarged; nil: its own size.
    public var maxWidth: Int?
    public var maxHeight: Int?
    /// 1…100.
    public var quality: Int
    /// 0…9: how long the encoder may search; WebP takes 0…6.
    public var effort: Int
    /// Whether all frames of an animation are kept (WebP only).
    public var keepsAnimation: Bool

    public init(
        name: String, format: ImageFormat, maxWidth: Int? = nil, maxHeight: Int? = nil, quality: Int = 80,
        effort: Int = 4, keepsAnimation: Bool = true
    ) {
        self.name = name
        self.format = format
        self.maxWidth = maxWidth
        self.maxHeight = maxHeight
        self.quality = quality
        self.effort = effort
        self.keepsAnimation = keepsAnimation
    }

    private enum CodingKeys: String, CodingKey {
        case name, format, quality, effort
        case maxWidth = "max_width"
        case maxHeight = "max_height"
        case keepsAnimation = "keeps_animation"
    }
}

/// Asks the image helper to write one output for each spec: descriptor roles `input` and `output.0`, `output.1`, …
public struct ImageVariantsRequest: Sendable, Hashable, Codable {
    public static let operation = "image.variants"

    public var variants: [ImageVariantSpec]
    public var limits: PixelLimits

    public init(variants: [ImageVariantSpec], limits: PixelLimits = PixelLimits()) {
        self.variants = variants
        self.limits = limits
    }
}

/// What one written output is: picture, video or poster.
public struct VariantFacts: Sendable, Hashable, Codable {
    public var name: String
    /// The format really written: `webp`, `jpeg`, `png`, `avif`, `mp4`.
    public var format: String
    public var mimeType: String
    public var width: Int
    public var height: Int
    public var bytes: Int64
    /// Lower-case hex.
    public var sha256: String
    public var crc32: UInt32
    /// True when no encoding beat the original, so that its own bytes (without metadata where possible) are the output.
    public var keptOriginal: Bool

    public init(
        name: String, format: String, mimeType: String, width: Int, height: Int, bytes: Int64, sha256: String,
        crc32: UInt32, keptOriginal: Bool = false
    ) {
        self.name = name
        self.format = format
        self.mimeType = mimeType
        self.width = width
        self.height = height
        self.bytes = bytes
        self.sha256 = sha256
        self.crc32 = crc32
        self.keptOriginal = keptOriginal
    }

    private enum CodingKeys: String, CodingKey {
        case name, format, width, height, bytes, sha256, crc32
        case mimeType = "mime_type"
        case keptOriginal = "kept_original"
    }
}

/// The image helper's answer; `variants[i]` belongs to descriptor `output.i`.
public struct ImageVariantsResult: Sendable, Hashable, Codable {
    public var variants: [VariantFacts]

    public init(variants: [VariantFacts]) { self.variants = variants }
}
