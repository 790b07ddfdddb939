import TestServers
import Testing

@testable import Vips

struct Expectation: Sendable, CustomTestStringConvertible {
    var name: String
    var format: ImageHeader.Format
    var size: [Int]
    var bands = 3
    var bits = 8
    var interpretation = "srgb"
    var frames = 1
    var alpha = false
    var profile = false
    var palette = 0
    var orientation = 1

    var testDescription: String { name }
}

extension VipsTests {
    @Suite struct Headers {
        @Test(
            "Headers are read before decoding",
            arguments: [
                Expectation(name: "image/1bit.tif", format: .tiff, size: [256, 4], bands: 1, interpretation: "b-w"),
                Expectation(name: "image/alpha-lossy.webp", format: .webp, size: [400, 301], bands: 4, alpha: true),
                Expectation(
                    name: "image/animated-loop-3.gif", format: .gif, size: [370, 285], bands: 4, frames: 10,
                    alpha: true, palette: 8),
                Expectation(
                    name: "image/rotating-squares.webp", format: .webp, size: [80, 80], bands: 4, frames: 9,
                    alpha: true),
                Expectation(
                    name: "image/cielab-120x80.tiff", format: .tiff, size: [120, 80], bits: 16, interpretation: "labs"),
                Expectation(
                    name: "image/cmyk-icc.jpg", format: .jpeg, size: [500, 333], bands: 4, interpretation: "cmyk",
                    profile: true),
                Expectation(
                    name: "image/cmyk-noprofile.jpg", format: .jpeg, size: [500, 333], bands: 4, interpretation: "cmyk"),
                Expectation(
                    name: "image/flag-16bit.png", format: .png, size: [900, 600], bits: 16, interpretation: "rgb16"),
                Expectation(
                    name: "image/grey-alpha-16bit.png", format: .png, size: [109, 96], bands: 2, bits: 16,
                    interpretation: "grey16", alpha: true, profile: true),
                Expectation(name: "image/indexed.png", format: .png, size: [290, 442], palette: 8),
                Expectation(name: "image/libheif-example.avif", format: .avif, size: [800, 533]),
                // The decoder turns HEIF by itself, so that its header is upright already.
                Expectation(name: "image/orientation-6.avif", format: .avif, size: [3024, 4032], profile: true),
                Expectation(name: "image/iphone-600x800.heic", format: .heif, size: [600, 800], profile: true),
                Expectation(name: "image/tiny.heif", format: .heif, size: [64, 64]),
                Expectation(
                    name: "image/multipage.tif", format: .tiff, size: [2464, 3248], bands: 1, interpretation: "b-w",
                    frames: 2),
                Expectation(name: "orientation/landscape_5.jpg", format: .jpeg, size: [240, 360], orientation: 5),
            ])
        func header(expected: Expectation) throws {
            let header = try Media.with(expected.name) { try VipsSource.open(descriptor: $0).header }
            #expect(header.format == expected.format)
            #expect([header.width, header.height] == expected.size)
            #expect(header.bands == expected.bands)
            #expect(header.bitsPerSample == expected.bits)
            #expect(header.interpretation == expected.interpretation)
            #expect(header.frames == expected.frames)
            #expect(header.hasAlpha == expected.alpha)
            #expect(header.hasICCProfile == expected.profile)
            #expect(header.paletteBits == expected.palette)
            #expect(header.orientation == expected.orientation)
            #expect(header.isAnimated == (expected.frames > 1 && expected.format != .tiff))
        }

        @Test func animationFacts() throws {
            let header = try Media.with("image/animated-loop-3.gif") { try VipsSource.open(descriptor: $0).header }
            let delays = Array(repeating: 3000, count: 9) + [15000]
            #expect(header.animation == ImageHeader.Animation(delaysMs: delays, loops: 3))
        }

        @Test func uprightSizeSwapsSides() throws {
            let header = try Media.with("orientation/landscape_6.jpg") { try VipsSource.open(descriptor: $0).header }
            #expect(header.uprightSize == (360, 240))
        }

        @Test("Interlacing is announced, as it costs memory")
        func interlacing() throws {
            let image = try VipsImage.make(
                pixels: [UInt8](repeating: 90, count: 64 * 64 * 3), width: 64, height: 64, bands: 3)
            for progressive in [true, false] {
                let bytes = try image.encoded(as: .jpeg(quality: 80, progressive: progressive)).withBytes(Array.init)
                #expect(try Media.withSource(bytes) { $0.header.isInterlaced } == progressive)
            }
        }

        @Test func exifFields() throws {
            try Media.with("photo/prairie_falcon.jpg") { descriptor in
                let source = try VipsSource.open(descriptor: descriptor)
                #expect(source.exif("ifd0", "Artist") == "NPS / Gavin Emmons")
                #expect(source.exif("ifd0", "Copyright") == "All rights reserved")
                #expect(source.exif("ifd0", "Nonsense") == nil)
                #expect(source.block(.exif)?.starts(with: Array("Exif\0\0".utf8)) == true)
                #expect(source.fieldNames.contains("exif-ifd0-Artist"))
            }
        }

        @Test(
            "libvips' remark on an EXIF value is cut off",
            arguments: [
                ("Canon (Canon, ASCII, 6 components, 6 bytes)", "Canon"),
                ("A (B) C (A (B) C, ASCII, 8 components, 8 bytes)", "A (B) C"),
                ("4/1 (4.0, Rational, 1 components, 8 bytes)", "4/1"),
                ("plain", "plain"), ("", ""), (")", ")"),
            ])
        func exifValue(text: String, value: String) {
            #expect(VipsSource.exifValue(text) == value)
        }
    }
}
