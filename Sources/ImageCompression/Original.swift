internal import Model
internal import Vips

/// The uploaded file itself, where its bytes or its size matter.
struct Original {
    let header: ImageHeader
    let bytes: Int
    let rights: ImageRights
    private let descriptor: Int32

    init(_ source: borrowing VipsSource, descriptor: Int32, bytes: Int) {
        header = source.header
        self.descriptor = descriptor
        self.bytes = bytes
        rights = ImageRights(
            copyright: Self.cleaned(source.exif("ifd0", "Copyright")),
            artist: Self.cleaned(source.exif("ifd0", "Artist")))
    }

    /// Whether the file, unchanged but for its metadata, could be the output.
    func canStand(for kind: OutputKind, _ plan: VariantPlan) -> Bool {
        let rank: Int
        switch header.format {
        case .jpeg, .png, .gif: rank = 0
        case .webp: rank = 1
        // Not shown by browsers (TIFF, HEIC), or with metadata that cannot be taken out byte by byte (AVIF).
        case .tiff, .heif, .avif: return false
        }
        return rank <= kind.rank && plan.keepsSize && header.orientation == 1 && !header.isCMYK
            && header.isAnimated == plan.isAnimated
    }

    /// The file without metadata; nil when its structure is not what its format asks for.
    func withoutMetadata() throws(OperationFailure) -> KeptOriginal? {
        let whole = try DescriptorIO.read(descriptor, count: bytes)
        let stripped: [UInt8]?
        switch header.format {
        case .jpeg: stripped = JPEGContainer.withoutMetadata(whole, rights)
        case .png: stripped = PNGContainer.withoutMetadata(whole, rights)
        case .webp: stripped = WebPContainer.withoutMetadata(whole, rights)
        case .gif: stripped = GIFContainer.withoutMetadata(whole)
        case .tiff, .heif, .avif: stripped = nil
        }
        return stripped.map { KeptOriginal(bytes: $0, format: header.format.rawValue, mediaType: mediaType) }
    }

    private var mediaType: MediaType {
        switch header.format {
        case .jpeg: .jpeg
        case .png: .png
        case .webp: .webp
        case .gif: .gif
        case .tiff: .tiff
        case .heif: .heic
        case .avif: .avif
        }
    }

    /// One line of at most 500 characters without control characters, or nothing.
    private static func cleaned(_ text: String?) -> String? {
        guard let text else { return nil }
        let line = String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
        let words = line.drop { $0 == " " }.prefix(500)
        return words.isEmpty ? nil : String(words)
    }
}

/// The original's own bytes without metadata.
struct KeptOriginal: Sendable {
    var bytes: [UInt8]
    /// `jpeg`, `png`, `webp`, `gif`.
    var format: String
    var mediaType: MediaType
}
