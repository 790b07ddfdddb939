import Glibc
import Model
import TestServers
import Testing
import Vips

@testable import ImageCompression

extension ImageCompressionTests {
    @Suite struct Variants {
        @Test("All EXIF orientations give the same upright variant", arguments: 1...8)
        func orientation(number: Int) throws {
            let pictures = try Pictures("orientation/landscape_\(number).jpg")
            let facts = try pictures.run([.webp, .thumbnail])
            #expect(facts.map { [$0.width, $0.height] } == [[360, 240], [320, 213]])
            let reference = try Pictures.pixels(at: Pictures.media + "orientation/landscape_1.jpg", side: 120)
            for variant in ["webp", "thumbnail"] {
                let fields = try pictures.fields(variant)
                #expect(fields["orientation"] ?? "1" == "1")
                #expect(difference(try pictures.pixels(variant, side: 120), reference) < 7)
            }
        }

        @Test(
            "Formats follow the wish, and the picture where none is named",
            arguments: [
                ("photo/cyclamen.jpg", ["webp", "jpeg", "png", "avif", "jpeg", "jpeg"]),
                ("image/alpha-lossy.webp", ["webp", "jpeg", "png", "avif", "png", "webp"]),
                ("image/libheif-example.avif", ["webp", "jpeg", "png", "avif", "jpeg", "avif"]),
                ("image/iphone-600x800.heic", ["webp", "jpeg", "png", "avif", "jpeg", "jpeg"]),
                ("image/1bit.tif", ["webp", "jpeg", "png", "avif", "jpeg", "jpeg"]),
                ("image/grey-alpha-16bit.png", ["webp", "jpeg", "png", "avif", "png", "png"]),
                // Its alpha is 255 everywhere, so that JPEG will do.
                ("image/apng-delay.png", ["webp", "jpeg", "png", "avif", "jpeg", "png"]),
            ])
        func formats(name: String, expected: [String]) throws {
            let pictures = try Pictures(name)
            let formats: [ImageFormat] = [.webp, .jpeg, .png, .avif, .fallback, .original]
            let specs = formats.map {
                ImageVariantSpec(name: "\($0)", format: $0, maxWidth: 90, maxHeight: 90, effort: 1)
            }
            let facts = try pictures.run(specs)
            #expect(facts.map(\.name) == specs.map(\.name))
            #expect(facts.map(\.format) == expected)
            for one in facts {
                let fields = try pictures.fields(one.name)
                #expect(fields["width"] == "\(one.width)")
                #expect(fields["height"] == "\(one.height)")
                #expect(max(one.width, one.height) <= 90)
                let loader = ["webp": "webpload", "jpeg": "jpegload", "png": "pngload", "avif": "heifload"][one.format]
                #expect(fields["vips-loader"] == loader)
                #expect(one.mimeType == "image/" + one.format)
                #expect(!one.keptOriginal)
            }
        }

        @Test("Facts are what other programs find")
        func facts() throws {
            let pictures = try Pictures("photo/cyclamen.jpg")
            for one in try pictures.run([.webp, .fallback, .thumbnail]) {
                let path = pictures.path(one.name)
                let sum = try ChildServer.output(of: ["sha256sum", path])
                #expect(sum.hasPrefix(one.sha256 + " "))
                let script = "import sys,zlib;b=open(sys.argv[1],'rb').read();print(len(b),zlib.crc32(b))"
                let python = try ChildServer.output(of: ["python3", "-c", script, path])
                #expect(python == "\(one.bytes) \(one.crc32)\n")
            }
        }

        @Test(
            "Boxes are kept to and nothing is enlarged",
            arguments: [
                (box: (100, nil), size: [100, 166]), ((nil, 100), [60, 100]), ((60, 60), [36, 60]),
                ((9000, 9000), [512, 848]),
            ] as [(box: (Int?, Int?), size: [Int])])
        func box(box: (Int?, Int?), size: [Int]) throws {
            let spec = ImageVariantSpec(name: "a", format: .jpeg, maxWidth: box.0, maxHeight: box.1)
            let facts = try Pictures("photo/cyclamen.jpg").run([spec])
            #expect([facts[0].width, facts[0].height] == size)
        }

        @Test("A long picture is scaled to what WebP can hold, JPEG keeps its size")
        func webpDimension() throws {
            let pixels = (0..<20_000 * 8).map { UInt8(truncatingIfNeeded: $0 / 80) }
            let image = try VipsImage.make(pixels: pixels, width: 20_000, height: 8, bands: 1)
            let pictures = try Pictures(bytes: try image.encoded(as: .png()).withBytes(Array.init))
            let facts = try pictures.run([.webp, ImageVariantSpec(name: "jpeg", format: .jpeg)])
            #expect([facts[0].width, facts[0].height] == [16_383, 7])
            #expect(facts[1].width == 20_000)
            #expect(try pictures.fields("webp")["width"] == "16383")
        }

        @Test("Smaller variants look like the picture, though they are made of one another")
        func cascade() throws {
            let pictures = try Pictures("photo/cyclamen.jpg")
            let specs = [400, 200, 100, 50].map { (side: Int) in
                ImageVariantSpec(name: "s\(side)", format: .png, maxWidth: side, maxHeight: side)
            }
            // In any order of the specs.
            _ = try pictures.run([specs[2], specs[0], specs[3], specs[1]])
            for side in [400, 200, 100, 50] {
                let direct = try Pictures.pixels(at: pictures.input, side: side)
                let distance = difference(try pictures.pixels("s\(side)", side: side), direct)
                #expect(distance < 4)
            }
        }

        @Test("The same request gives the same bytes")
        func deterministic() throws {
            let pictures = try Pictures("image/indexed.png")
            let specs = [.webp, .fallback, ImageVariantSpec(name: "avif", format: .avif, effort: 2)]
            let first = try pictures.run(specs)
            #expect(try pictures.run(specs) == first)
        }

        @Test("A longer earlier output is replaced as a whole")
        func replacesOutput() throws {
            let pictures = try Pictures("photo/gps-thompson-springs.jpg")
            let file = try #require(fopen(pictures.path("webp"), "we"))
            fputs(String(repeating: "x", count: 50_000), file)
            fclose(file)
            let facts = try pictures.run([.webp])
            #expect(try pictures.bytes("webp").count == Int(facts[0].bytes))
        }

        @Test("Progress rises to 100")
        func progress() throws {
            var seen: [Double] = []
            _ = try Pictures("image/rotating-squares.webp").run([.webp, .fallback, .thumbnail]) { seen.append($0) }
            #expect(seen == seen.sorted())
            #expect(seen.count == 5)
            #expect(seen.last == 100)
        }

        @Test(
            "Colours stay right on the way to the variant",
            arguments: [
                "image/cmyk-icc.jpg", "image/cmyk-noprofile.jpg", "image/xyb-icc.jpg", "image/cielab-120x80.tiff",
            ])
        func colours(name: String) throws {
            let pictures = try Pictures(name)
            let facts = try pictures.run([.webp])
            #expect(facts[0].format == "webp")
            let command = name.contains("cielab") ? ["colourspace"] : ["icc_transform"]
            let options = name.contains("cielab") ? [] : ["--embedded", "--input-profile", "cmyk"]
            _ = try ChildServer.output(
                of: ["vips"] + command + [pictures.input, pictures.folder + "/r.png", "srgb"] + options)
            let reference = try Pictures.pixels(at: pictures.folder + "/r.png", side: 100)
            let distance = difference(try pictures.pixels("webp", side: 100), reference)
            #expect(distance < 8)
        }
    }
}
