import Model
import Testing
import Vips

@testable import ImageCompression

extension ImageCompressionTests {
    @Suite struct Sizes {
        @Test(
            "No output of the original's size is larger than the original",
            arguments: [
                "photo/cyclamen.jpg", "photo/prairie_falcon.jpg", "image/indexed.png", "image/flag-16bit.png",
                "image/alpha-lossy.webp", "image/cogs.gif", "image/dispose-background.gif",
                "image/animated-loop-3.gif", "image/rotating-squares.webp", "image/p3.png", "image/prophoto.png",
                "orientation/landscape_6.jpg", "image/denali.webp",
            ], [40, 80, 100])
        func neverLarger(name: String, quality: Int) throws {
            let pictures = try Pictures(name)
            let original = try Pictures.bytes(at: pictures.input).count
            let specs = [
                ImageVariantSpec(name: "webp", format: .webp, quality: quality),
                ImageVariantSpec(name: "fallback", format: .fallback, quality: quality),
            ]
            let facts = try pictures.run(specs)
            #expect(facts[0].bytes <= original)
            // What only newer browsers show cannot stand for a fallback, which is then as large as it must be.
            if !name.hasSuffix(".webp") { #expect(facts[1].bytes <= original) }
        }

        @Test(
            "Where no encoding pays, the original stays, pixel by pixel",
            arguments: [
                (Encoding.jpeg(quality: 5), ImageFormat.webp, "jpeg"), (.jpeg(quality: 5), .fallback, "jpeg"),
                (.jpeg(quality: 5), .avif, "jpeg"), (.webp(quality: 1), .webp, "webp"),
                (.webp(quality: 1), .avif, "webp"),
                (.palettePNG(quality: 1), .fallback, "png"),
            ])
        func keepsOriginal(encoding: Encoding, format: ImageFormat, kept: String) throws {
            let noise = (0..<96 * 96 * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
            let image = try VipsImage.make(pixels: noise, width: 96, height: 96, bands: 3)
            let pictures = try Pictures(bytes: try image.encoded(as: encoding).withBytes(Array.init))
            let facts = try pictures.run([ImageVariantSpec(name: "a", format: format, quality: 100, effort: 1)])
            #expect(facts[0].keptOriginal)
            #expect(facts[0].format == kept)
            #expect(facts[0].mimeType == "image/" + kept)
            #expect(facts[0].bytes <= (try Pictures.bytes(at: pictures.input).count))
            #expect(try pictures.pixels("a", side: 96) == Pictures.pixels(at: pictures.input, side: 96))
        }

        @Test("A WebP never stands for a fallback, and no original for a smaller box")
        func mayNotKeep() throws {
            let image = try VipsImage.make(
                pixels: (0..<96 * 96 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 4) }, width: 96, height: 96,
                bands: 3)
            let webp = try Pictures(bytes: try image.encoded(as: .webp(quality: 1)).withBytes(Array.init))
            #expect(try webp.run([.fallback])[0].format == "jpeg")
            let jpeg = try Pictures(bytes: try image.encoded(as: .jpeg(quality: 1)).withBytes(Array.init))
            let small = try jpeg.run([ImageVariantSpec(name: "a", format: .webp, maxWidth: 95, quality: 100)])
            #expect(!small[0].keptOriginal)
            #expect(small[0].width == 95)
        }

        @Test("A turned JPEG loses quality rather than its place under the original")
        func turned() throws {
            let pictures = try Pictures("orientation/landscape_6.jpg")
            let facts = try pictures.run([ImageVariantSpec(name: "a", format: .jpeg, quality: 100)])
            #expect(!facts[0].keptOriginal)
            #expect(facts[0].bytes < (try Pictures.bytes(at: pictures.input).count))
            #expect([facts[0].width, facts[0].height] == [360, 240])
        }
    }
}
