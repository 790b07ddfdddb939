import Glibc
import TestServers
import Testing
import Vips

extension VipsTests {
    @Suite struct Encodings {
        @Test(
            "What is written reads back as the same picture",
            arguments: [
                (Encoding.jpeg(quality: 90), ImageHeader.Format.jpeg, 4.0),
                (.jpeg(quality: 90, progressive: false), .jpeg, 4),
                (.png(), .png, 0), (.palettePNG(quality: 90), .png, 8), (.webp(quality: 90), .webp, 5),
                (.losslessWebP(), .webp, 0), (.nearLosslessWebP(quality: 60), .webp, 2),
                (.avif(quality: 80, effort: 1), .avif, 6), (.gif(), .gif, 14),
            ])
        func roundTrip(encoding: Encoding, format: ImageHeader.Format, tolerance: Double) throws {
            let image = try Media.decode("photo/cyclamen.jpg", maxWidth: 160)
            let bytes = try image.encoded(as: encoding).withBytes(Array.init)
            let again = try Media.withSource(bytes) { source in
                #expect(source.header.format == format)
                #expect([source.header.width, source.header.height] == [image.width, image.height])
                return try source.decode().rgbPixels()
            }
            #expect(difference(again, try image.rgbPixels()) <= tolerance)
            #expect(try image.encoded(as: encoding).withBytes(Array.init) == bytes)
        }

        @Test("Lower quality makes smaller files")
        func quality() throws {
            let image = try Media.decode("photo/cyclamen.jpg", maxWidth: 300)
            for pair in [
                (Encoding.jpeg(quality: 90), Encoding.jpeg(quality: 50)), (.webp(quality: 90), .webp(quality: 50)),
                (.avif(quality: 90, effort: 0), .avif(quality: 50, effort: 0)),
            ] {
                #expect(try image.encoded(as: pair.1).count < image.encoded(as: pair.0).count)
            }
        }

        @Test(
            "Alpha survives where the format has it",
            arguments: [Encoding.png(), .losslessWebP(), .palettePNG(quality: 100)])
        func alpha(encoding: Encoding) throws {
            let image = try VipsImage.make(
                pixels: [200, 0, 0, 255, 0, 200, 0, 128, 0, 0, 200, 0, 0, 0, 0, 255], width: 2, height: 2, bands: 4)
            let bytes = try image.encoded(as: encoding).withBytes(Array.init)
            let again = try Media.withSource(bytes) { try $0.decode().rgbPixels(.kept) }
            #expect([again[3], again[7], again[11], again[15]] == [255, 128, 0, 255])
        }

        @Test("Frames, delays and loops are kept", arguments: [Encoding.webp(quality: 70), .gif()])
        func animation(encoding: Encoding) throws {
            let image = try Media.decode("image/animated-loop-3.gif", maxWidth: 100, allFrames: true)
            let bytes = try image.encoded(as: encoding).withBytes(Array.init)
            try Media.withSource(bytes) { source in
                #expect(source.header.frames == 10)
                #expect(source.header.animation == image.animation)
                #expect(source.header.width == 100)
            }
        }

        @Test(
            "Only copyright and artist are written",
            arguments: [Encoding.jpeg(quality: 80), .avif(quality: 60, effort: 0)])
        func rights(encoding: Encoding) throws {
            let image = try Media.decode("photo/gps-thompson-springs.jpg")
            let rights = ImageRights(copyright: "(c) 2026 Naef (all)", artist: "A")
            try Media.withSource(try image.encoded(as: encoding, rights: rights).withBytes(Array.init)) { source in
                #expect(source.exif("ifd0", "Copyright") == rights.copyright)
                #expect(source.exif("ifd0", "Artist") == rights.artist)
                #expect(!source.fieldNames.contains { $0.contains("GPS") || $0.contains("Model") })
                #expect(source.block(.icc) == nil && source.block(.xmp) == nil)
            }
            try Media.withSource(try image.encoded(as: encoding).withBytes(Array.init)) { source in
                #expect(source.block(.exif) == nil)
                #expect(source.block(.icc) == nil)
            }
        }

        @Test("A side that the format cannot have is our mistake")
        func tooWide() throws {
            let image = try VipsImage.make(
                pixels: [UInt8](repeating: 5, count: 16_384), width: 16_384, height: 1, bands: 1)
            #expect(vipsError { _ = try image.encoded(as: .webp(quality: 80)) }?.fault == .process)
            #expect(try image.encoded(as: .png()).count > 0)
        }
    }
}
