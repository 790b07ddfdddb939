internal import CVipsShim

/// How an image is written.
public enum Encoding: Sendable, Equatable {
    /// Optimised Huffman tables; alpha must be gone. `quality` 1…100.
    case jpeg(quality: Int, progressive: Bool = true)
    /// `compression` 0…9.
    case png(compression: Int = 6)
    /// A palette of at most 256 colours, alpha included. `quality` 1…100 is what the quantiser may aim at; `effort` 1…10.
    case palettePNG(quality: Int, effort: Int = 7)
    /// `quality` 1…100, `effort` 0…6; keeps an animation, whose frames may then be lossy or not, as is smaller.
    case webp(quality: Int, effort: Int = 4)
    case losslessWebP(effort: Int = 4)
    /// `quality` 0…100: how far the pixels may move; 100 is lossless.
    case nearLosslessWebP(quality: Int, effort: Int = 4)
    /// 4:2:0 up to quality 89, 4:4:4 above. `quality` 1…100, `effort` 0…9.
    case avif(quality: Int, effort: Int = 4)
    /// `effort` 1…10, `dither` 0…1; keeps an animation.
    case gif(effort: Int = 7, dither: Double = 1)

    /// The longest side that the format (or this encoder) can write.
    public var maxDimension: Int {
        switch self {
        case .jpeg: 65_500
        case .png, .palettePNG, .gif: 65_535
        case .webp, .losslessWebP, .nearLosslessWebP: 16_383
        case .avif: 16_384
        }
    }
}

/// An encoded file in memory.
public struct EncodedImage: ~Copyable {
    private let start: UnsafeMutableRawPointer
    public let count: Int

    fileprivate init(start: UnsafeMutableRawPointer, count: Int) {
        self.start = start
        self.count = count
    }

    deinit { cvips_free(start) }

    /// Lends the bytes.
    public borrowing func withBytes<T, E>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// Whose work the picture is: the only metadata that ``VipsImage/encoded(as:rights:)`` writes.
public struct ImageRights: Sendable, Equatable {
    public var copyright: String?
    public var artist: String?

    public init(copyright: String? = nil, artist: String? = nil) {
        self.copyright = copyright
        self.artist = artist
    }

    public var isEmpty: Bool { copyright == nil && artist == nil }
}

extension VipsImage {
    /// Encodes without any metadata but `rights`, as EXIF Copyright and Artist, for which libvips replaces letters beyond
    /// ASCII and adds the tags that EXIF asks for. The same pixels and arguments give the same bytes.
    ///
    /// - Throws: ``VipsError``: `.internalFailure` when a side is longer than ``Encoding/maxDimension``, `.outOfMemory`.
    public func encoded(as encoding: Encoding, rights: ImageRights = ImageRights()) throws(VipsError) -> EncodedImage {
        let exif = rights.isEmpty ? [] : ExifBlock.make(rights)
        let pointer = handle.pointer
        let bare = try ImageHandle(.process) {
            exif.withUnsafeBytes {
                cvips_image_with_rights(
                    pointer, Self.field(rights.copyright), Self.field(rights.artist), $0.baseAddress, $0.count)
            }
        }
        let file: (start: UnsafeMutableRawPointer, count: Int) = try VipsLibrary.call(.encode) {
            var bytes: UnsafeMutableRawPointer?
            var count = 0
            guard Self.save(bare.pointer, encoding, rights.isEmpty ? 1 : 0, &bytes, &count) == 0 else { return nil }
            return bytes.map { ($0, count) }
        }
        return EncodedImage(start: file.start, count: file.count)
    }

    /// libvips cuts its own remark, the last bracket, off an EXIF field that it writes: it needs one to cut.
    private static func field(_ text: String?) -> String? { text.map { $0 + " (text)" } }

    private static func save(
        _ image: OpaquePointer, _ encoding: Encoding, _ strip: Int32, _ bytes: inout UnsafeMutableRawPointer?,
        _ count: inout Int
    ) -> Int32 {
        func level(_ value: Int, _ range: ClosedRange<Int>) -> Int32 {
            Int32(min(max(value, range.lowerBound), range.upperBound))
        }
        switch encoding {
        case .jpeg(let quality, let progressive):
            return cvips_save_jpeg(image, level(quality, 1...100), progressive ? 1 : 0, strip, &bytes, &count)
        case .png(let compression):
            return cvips_save_png(image, level(compression, 0...9), 0, 100, 7, strip, &bytes, &count)
        case .palettePNG(let quality, let effort):
            return cvips_save_png(
                image, 9, 1, level(quality, 1...100), level(effort, 1...10), strip, &bytes, &count)
        case .webp(let quality, let effort):
            return cvips_save_webp(image, level(quality, 1...100), level(effort, 0...6), 0, 0, strip, &bytes, &count)
        case .losslessWebP(let effort):
            return cvips_save_webp(image, 100, level(effort, 0...6), 1, 0, strip, &bytes, &count)
        case .nearLosslessWebP(let quality, let effort):
            return cvips_save_webp(image, level(quality, 0...100), level(effort, 0...6), 0, 1, strip, &bytes, &count)
        case .avif(let quality, let effort):
            return cvips_save_avif(image, level(quality, 1...100), level(effort, 0...9), 0, strip, &bytes, &count)
        case .gif(let effort, let dither):
            return cvips_save_gif(image, level(effort, 1...10), dither, strip, &bytes, &count)
        }
    }
}
