internal import CVipsShim
internal import Glibc

/// A picture file of which only the header has been read.
///
/// The descriptor stays the caller's, must be seekable and open while this lives, and is read from its start; nothing
/// else may read or seek it meanwhile.
public struct VipsSource: ~Copyable {
    /// Metadata blocks that files carry as they are.
    public enum Block: String, Sendable {
        case exif = "exif-data"
        case xmp = "xmp-data"
        case iptc = "iptc-data"
        case icc = "icc-profile-data"
    }

    public let header: ImageHeader
    private let source: OpaquePointer
    private let image: ImageHandle

    private init(source: OpaquePointer, image: consuming ImageHandle, header: ImageHeader) {
        self.source = source
        self.image = image
        self.header = header
    }

    deinit { cvips_source_close(source) }

    /// Reads the header and refuses what is over the limits. No pixel is decoded.
    ///
    /// - Throws: ``VipsError`` with `.empty`, `.unsupported`, `.truncated`, `.corrupt`, `.tooManyPixels` or
    ///   `.tooManyFrames`.
    public static func open(
        descriptor: Int32, limits: DecodingLimits = DecodingLimits()
    ) throws(VipsError) -> VipsSource {
        try VipsLibrary.start()
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw VipsError(.internalFailure, "descriptor \(descriptor): errno \(errno)")
        }
        guard status.st_size > 0 else { throw VipsError(.empty, "the file has no bytes") }
        let source = try VipsLibrary.call(.open) { cvips_source_open(descriptor) }
        do throws(VipsError) {
            let image = try ImageHandle(.open) { cvips_source_header(source) }
            let header = try ImageHeader(reading: image)
            try limits.check(header)
            return VipsSource(source: source, image: image, header: header)
        } catch {
            cvips_source_close(source)
            throw error
        }
    }

    /// Decodes into memory: upright, sRGB or grey, 8 bits a band, no larger than the box, never enlarged.
    ///
    /// An embedded ICC profile is honoured; CMYK without one is taken as the generic CMYK of libvips, everything else as
    /// sRGB. A JPEG or WebP is decoded at a fraction of its size where the box allows.
    ///
    /// - Parameters:
    ///   - maxWidth: of the upright picture, or of one frame; nil: no bound.
    ///   - allFrames: for an animation, all frames below one another; else the first one (or the first page).
    /// - Throws: ``VipsError``: `.truncated` and `.corrupt` where the pixels end or break off, `.outOfMemory`.
    public borrowing func decode(
        maxWidth: Int? = nil, maxHeight: Int? = nil, allFrames: Bool = false
    ) throws(VipsError) -> VipsImage {
        let box = (maxWidth ?? Self.unbounded, maxHeight ?? Self.unbounded)
        guard box.0 > 0, box.1 > 0 else { throw VipsError(.internalFailure, "a box of \(box.0) × \(box.1) pixels") }
        let (source, header) = (source, header)
        return VipsImage(
            try ImageHandle(.decode) {
                cvips_source_decode(
                    source, Int32(clamping: min(box.0, Self.unbounded)), Int32(clamping: min(box.1, Self.unbounded)),
                    allFrames && header.isAnimated ? 1 : 0, header.isCMYK ? 1 : 0, header.hasICCProfile ? 1 : 0)
            })
    }

    /// A metadata block as it stands in the file.
    public borrowing func block(_ block: Block) -> [UInt8]? { image.blob(block.rawValue) }

    /// Names of all header fields, EXIF tags among them as `exif-ifd0-Make`, `exif-ifd3-GPSLatitude`.
    public var fieldNames: [String] { image.fieldNames }

    /// A header field as text. EXIF tags come as `value (value as text, type, n components, m bytes)`.
    public borrowing func field(_ name: String) -> String? { image.string(name) }

    /// The value of an EXIF tag, without libvips' remarks on its type: `exif("ifd0", "Copyright")`.
    public borrowing func exif(_ directory: String, _ tag: String) -> String? {
        image.string("exif-\(directory)-\(tag)").map(Self.exifValue)
    }

    /// libvips writes `value (value as text, type, n components, m bytes)`. The value may have brackets itself, so the
    /// cut is before the first bracket that repeats it, or else before the first one.
    static func exifValue(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.last == UInt8(ascii: ")") else { return text }
        let cuts = bytes.indices.dropLast().filter { bytes[$0] == 0x20 && bytes[$0 + 1] == UInt8(ascii: "(") }
        let cut = cuts.first { bytes[($0 + 2)...].starts(with: bytes[..<$0]) } ?? cuts.first
        return cut.map { String(decoding: bytes[..<$0], as: UTF8.self) } ?? text
    }

    /// Beyond any side that libvips knows (`VIPS_MAX_COORD`).
    private static let unbounded = 10_000_000
}
