/// A word for what a picture shows.
public struct Label: Sendable, Hashable, Codable {
    /// Lower case, plain English: `cat`, `running shoe`.
    public var name: String
    /// 0…1.
    public var score: Double

    public init(name: String, score: Double) {
        self.name = name
        self.score = score
    }
}

/// A colour that covers much of a picture.
public struct DominantColor: Sendable, Hashable, Codable {
    /// `#rrggbb`, sRGB.
    public var hex: String
    /// A word a person would use: `red`, `dark blue`.
    public var name: String
    /// 0…1 of the picture's area.
    public var share: Double

    public init(hex: String, name: String, share: Double) {
        self.hex = hex
        self.name = name
        self.share = share
    }
}

/// What the camera wrote into the file.
public struct CameraFacts: Sendable, Hashable, Codable {
    public var make: String?
    public var model: String?
    /// Local time without a zone as EXIF has it: `2016-05-21T14:03:59`.
    public var takenAt: String?
    /// Decimal degrees; filled only where the recipe asks for it, as places are private.
    public var latitude: Double?
    public var longitude: Double?

    public init(
        make: String? = nil, model: String? = nil, takenAt: String? = nil, latitude: Double? = nil,
        longitude: Double? = nil
    ) {
        self.make = make
        self.model = model
        self.takenAt = takenAt
        self.latitude = latitude
        self.longitude = longitude
    }

    private enum CodingKeys: String, CodingKey {
        case make, model, latitude, longitude
        case takenAt = "taken_at"
    }
}

/// The facts of one picture, as stored with the asset.
public struct AnalysisReport: Sendable, Hashable, Codable {
    /// Upright size: after the EXIF orientation is applied.
    public var width: Int
    public var height: Int
    /// 1…8 as in EXIF; 1 when there is none.
    public var orientation: Int
    public var frames: Int
    public var hasAlpha: Bool
    public var camera: CameraFacts?
    public var labels: [Label]
    /// Text seen in the picture, if the provider reads any.
    public var text: String?
    public var caption: String?
    /// At most 125 characters.
    public var altText: String?
    public var colors: [DominantColor]
    /// Variance of the Laplacian of the luma at 512 px; below about 100 looks blurred.
    public var sharpness: Double
    /// 64-bit DCT hash, 16 hex digits; Hamming distance ≤ 10 means much the same picture.
    public var phash: String
    /// Base64 of the ThumbHash (≤ 25 bytes): a placeholder to show while the picture loads.
    public var thumbhash: String
    /// Which provider answered, with its version: `embedded/efficientnet-lite0`.
    public var provider: String

    public init(
        width: Int, height: Int, orientation: Int, frames: Int, hasAlpha: Bool, camera: CameraFacts?, labels: [Label],
        text: String?, caption: String?, altText: String?, colors: [DominantColor], sharpness: Double, phash: String,
        thumbhash: String, provider: String
    ) {
        self.width = width
        self.height = height
        self.orientation = orientation
        self.frames = frames
        self.hasAlpha = hasAlpha
        self.camera = camera
        self.labels = labels
        self.text = text
        self.caption = caption
        self.altText = altText
        self.colors = colors
        self.sharpness = sharpness
        self.phash = phash
        self.thumbhash = thumbhash
        self.provider = provider
    }

    private enum CodingKeys: String, CodingKey {
        case width, height, orientation, frames, camera, labels, text, caption, colors, sharpness, phash, thumbhash
        case provider
        case hasAlpha = "has_alpha"
        case altText = "alt_text"
    }
}

/// Asks the image helper for the facts of the picture with role `input`.
public struct AnalyzeRequest: Sendable, Hashable, Codable {
    public static let operation = "image.analyze"

    public var limits: PixelLimits
    /// Labels below this score are left out (0…1).
    public var minLabelScore: Double
    /// Whether the place in the EXIF data may be reported.
    public var includesLocation: Bool

    public init(limits: PixelLimits = PixelLimits(), minLabelScore: Double = 0.1, includesLocation: Bool = false) {
        self.limits = limits
        self.minLabelScore = minLabelScore
        self.includesLocation = includesLocation
    }
}
