internal import Model
internal import Vips

/// The formats that are really written.
enum OutputKind: String, Sendable {
    case webp, jpeg, png, avif

    var mediaType: MediaType {
        switch self {
        case .webp: .webp
        case .jpeg: .jpeg
        case .png: .png
        case .avif: .avif
        }
    }

    /// What a client must know to show it: a picture of a lower or equal rank can stand for one of this kind.
    var rank: Int {
        switch self {
        case .jpeg, .png: 0
        case .webp: 1
        case .avif: 2
        }
    }

    /// The longest side, in pixels: WebP's format, and what AVIF decoders commonly allow.
    var maxDimension: Int {
        switch self {
        case .webp: Encoding.webp(quality: 80).maxDimension
        case .jpeg: Encoding.jpeg(quality: 80).maxDimension
        case .png: Encoding.png().maxDimension
        case .avif: Encoding.avif(quality: 80).maxDimension
        }
    }
}

/// How one spec is carried out for one picture.
struct VariantPlan: Sendable {
    let spec: ImageVariantSpec
    /// Its place in the request.
    let index: Int
    let isAnimated: Bool
    /// What the picture must fit into.
    let box: (width: Int, height: Int)
    /// The upright original's size within the box, rounded.
    let size: (width: Int, height: Int)
    /// Of the output's side to the upright original's, at most 1.
    let scale: Double
    private let wanted: OutputKind?

    init(_ spec: ImageVariantSpec, index: Int, header: ImageHeader) {
        self.spec = spec
        self.index = index
        wanted = Self.kind(of: spec.format, for: header)
        isAnimated = header.isAnimated && spec.keepsAnimation && wanted == .webp
        let limit = (wanted ?? .jpeg).maxDimension
        let whole = header.uprightSize
        box = (min(spec.maxWidth ?? limit, limit), min(spec.maxHeight ?? limit, limit))
        let scale = min(1, Double(box.width) / Double(whole.width), Double(box.height) / Double(whole.height))
        size = (
            max(1, Int((Double(whole.width) * scale).rounded())), max(1, Int((Double(whole.height) * scale).rounded()))
        )
        self.scale = scale
    }

    /// Whether a picture of this size is still to be scaled down. The decoder's rounding may leave one pixel too many.
    func isSmaller(thanWidth width: Int, height: Int) -> Bool {
        width > min(size.width + 1, box.width) || height > min(size.height + 1, box.height)
    }

    /// Whether the output has the original's size.
    var keepsSize: Bool { scale == 1 }

    /// The format to write; pictures with real transparency need one that has it.
    func outputKind(hasAlpha: Bool) -> OutputKind {
        wanted ?? (hasAlpha ? .png : .jpeg)
    }

    /// nil: JPEG or PNG, by transparency.
    private static func kind(of format: ImageFormat, for header: ImageHeader) -> OutputKind? {
        switch format {
        case .webp: .webp
        case .jpeg: .jpeg
        case .png: .png
        case .avif: .avif
        case .fallback: nil
        case .original:
            switch header.format {
            case .jpeg: .jpeg
            case .png: .png
            case .webp, .gif: .webp
            case .avif: .avif
            case .tiff, .heif: nil
            }
        }
    }
}
