import Testing
import Vips

extension VipsTests {
    @Suite struct Decoding {
        @Test("All EXIF orientations come out upright", arguments: 1...8)
        func orientation(number: Int) throws {
            let reference = try Media.decode("orientation/landscape_1.jpg", maxWidth: 120)
            let image = try Media.decode("orientation/landscape_\(number).jpg", maxWidth: 120)
            #expect(image.width == 120)
            #expect(image.height == 80)
            #expect(difference(try image.rgbPixels(), try reference.rgbPixels()) < 6)
        }

        @Test("An AVIF that says orientation 6 twice is turned once")
        func avifOrientation() throws {
            let image = try Media.decode("image/orientation-6.avif", maxWidth: 300)
            #expect([image.width, image.height] == [300, 400])
        }

        @Test(
            "Colours are those of the embedded profile",
            arguments: ["cmyk-icc.jpg", "cmyk-noprofile.jpg", "xyb-icc.jpg", "p3.png", "prophoto.png"])
        func colours(name: String) throws {
            let ours = try Media.decode("image/" + name).rgbPixels()
            let reference = try Media.pixelsByProgram { result in
                let file = Media.path("image/" + name)
                return [["vips", "icc_transform", file, result, "srgb", "--embedded", "--input-profile", "cmyk"]]
            }
            #expect(difference(ours, reference) < 1)
        }

        @Test("LAB is converted")
        func lab() throws {
            let reference = try Media.pixelsByProgram {
                [["vips", "colourspace", Media.path("image/cielab-120x80.tiff"), $0, "srgb"]]
            }
            #expect(difference(try Media.decode("image/cielab-120x80.tiff").rgbPixels(), reference) < 1)
        }

        @Test("16 bits become 8: the flag is red, white and blue")
        func sixteenBits() throws {
            let image = try Media.decode("image/flag-16bit.png")
            let rows = try image.rgbPixels()
            let colours = [100, 300, 500].map { y in Array(rows[(y * 900 + 450) * 3..<(y * 900 + 450) * 3 + 3]) }
            #expect(difference(colours.flatMap { $0 }, [174, 28, 40, 255, 255, 255, 33, 70, 139]) < 3)
        }

        @Test("16-bit grey with alpha keeps its alpha")
        func greyAlpha() throws {
            let image = try Media.decode("image/grey-alpha-16bit.png")
            let rgba = try image.rgbPixels(.kept)
            #expect(rgba.count == 109 * 96 * 4)
            // The file's alpha is 0…4116 of 65535.
            #expect(stride(from: 3, to: rgba.count, by: 4).map { rgba[$0] }.max() == 16)
        }

        @Test("One bit a pixel is black and white")
        func oneBit() throws {
            let image = try Media.decode("image/1bit.tif")
            #expect([image.width, image.height, image.bands] == [256, 4, 1])
            #expect(Set(try image.rgbPixels()) == [0, 255])
        }

        @Test("The first page of a document is the picture")
        func firstPage() throws {
            let image = try Media.decode("image/multipage.tif", maxWidth: 300, maxHeight: 300, allFrames: true)
            #expect(image.frames == 1)
            #expect([image.width, image.height] == [228, 300])
            let reference = try Media.pixelsByProgram {
                [["vips", "thumbnail", Media.path("image/multipage.tif") + "[page=0]", $0, "300"]]
            }
            #expect(difference(try image.rgbPixels(), reference) < 2)
        }

        @Test(
            "An animation is decoded frame by frame, or its first frame alone",
            arguments: [("image/animated-loop-3.gif", 10), ("image/rotating-squares.webp", 9)])
        func frames(name: String, count: Int) throws {
            let all = try Media.decode(name, maxWidth: 60, maxHeight: 60, allFrames: true)
            #expect(all.frames == count)
            #expect(all.width <= 60 && all.height <= 60)
            #expect(all.animation?.delaysMs.count == count)
            let first = try Media.decode(name, maxWidth: 60, maxHeight: 60)
            #expect(first.frames == 1)
            let strip = try all.rgbPixels()
            let still = try first.rgbPixels()
            #expect(difference(Array(strip.prefix(still.count)), still) < 4)
            #expect(strip.count == still.count * count)
        }

        @Test(
            "Boxes are kept to, and nothing is enlarged",
            arguments: [
                (width: 100, height: nil, 100, 67), (nil, 50, 75, 50), (90, 30, 45, 30), (5000, 5000, 360, 240),
                (nil, nil, 360, 240), (1, 1, 1, 1),
            ])
        func box(width: Int?, height: Int?, expectedWidth: Int, expectedHeight: Int) throws {
            let image = try Media.decode("orientation/landscape_8.jpg", maxWidth: width, maxHeight: height)
            #expect([image.width, image.height] == [expectedWidth, expectedHeight])
        }

        @Test("A source can be decoded more than once")
        func twice() throws {
            try Media.with("photo/cyclamen.jpg") { descriptor in
                let source = try VipsSource.open(descriptor: descriptor)
                let first = try source.decode(maxWidth: 100).rgbPixels()
                #expect(try source.decode(maxWidth: 100).rgbPixels() == first)
            }
        }

        @Test(
            "Broken files are errors of the file",
            arguments: [
                ("bad/empty.jpg", [VipsError.Code.empty]),
                ("bad/text-named.jpg", [.unsupported]), ("bad/ssrf.svg", [.unsupported]),
                ("bad/xxe.svg", [.unsupported]), ("image/logo.svg", [.unsupported]), ("image/tiny.jxl", [.unsupported]),
                ("bad/truncated.jpg", [.truncated]), ("bad/truncated.gif", [.truncated]),
                ("bad/truncated.png", [.truncated, .corrupt]), ("bad/broken_data_stream.png", [.corrupt]),
                ("bad/corrupt-header.jpg", [.truncated, .corrupt]), ("bad/random.png", [.corrupt]),
                ("bad/crash-tiff-1.tif", [.truncated, .corrupt]), ("bad/crash-tiff-2.tif", [.truncated, .corrupt]),
                ("bad/NegativeArraySize.heif", [.corrupt]), ("bad/clap-overflow.heic", [.corrupt]),
                ("bad/github_46_1.heic", [.corrupt]),
            ])
        func broken(name: String, codes: [VipsError.Code]) throws {
            let error = try #require(vipsError { _ = try Media.decode(name, maxWidth: 800) })
            #expect(codes.contains(error.code), "\(error)")
            #expect(error.fault == .file)
            #expect(!error.detail.contains(Media.folder))
            #expect(error.detail.count <= 500)
        }
    }
}
