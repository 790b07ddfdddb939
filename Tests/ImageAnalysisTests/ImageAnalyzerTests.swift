import Model
import Testing
import Vips

@testable import ImageAnalysis

@Suite("Image analysis")
struct ImageAnalyzerTests {
    private static func distance(_ a: String, _ b: String) throws -> Int {
        (try #require(UInt64(a, radix: 16)) ^ (try #require(UInt64(b, radix: 16)))).nonzeroBitCount
    }

    @Test("Every orientation gives the same upright picture", arguments: 1...8)
    func orientations(orientation: Int) throws {
        let analyzer = try FixedLabels.analyzer()
        let upright = try Pictures.analyze(media: "orientation/landscape_1.jpg", with: analyzer)
        let report = try Pictures.analyze(media: "orientation/landscape_\(orientation).jpg", with: analyzer)
        #expect(report.orientation == orientation)
        #expect([report.width, report.height] == [360, 240])
        #expect(try Self.distance(report.phash, upright.phash) <= 4)
        #expect(report.colors.first?.name == upright.colors.first?.name)
    }

    @Test(
        "All kinds of files are read",
        arguments: [
            ("image/denali.webp", 600, 315, 1, false), ("image/grey-alpha-16bit.png", 109, 96, 1, true),
            ("image/cmyk-noprofile.jpg", 500, 333, 1, false), ("image/cmyk-icc.jpg", 500, 333, 1, false),
            ("image/iphone-600x800.heic", 600, 800, 1, false), ("image/libheif-example.avif", 800, 533, 1, false),
            ("image/cogs.gif", 85, 77, 5, true), ("image/rotating-squares.webp", 80, 80, 12, true),
            ("image/multipage.tif", 2464, 3248, 1, false), ("image/1bit.tif", 256, 4, 1, false),
            ("image/flag-16bit.png", 900, 600, 1, false), ("image/cielab-120x80.tiff", 120, 80, 1, false),
            ("image/indexed.png", 290, 442, 1, false), ("image/prophoto.png", 1, 1, 1, false),
        ])
    func formats(path: String, width: Int, height: Int, frames: Int, hasAlpha: Bool) throws {
        let report = try Pictures.analyze(media: path, with: FixedLabels.analyzer())
        #expect([report.width, report.height] == [width, height])
        #expect(frames == 1 ? report.frames >= 1 : report.frames > 1)
        #expect(report.hasAlpha == hasAlpha)
        #expect(report.phash.count == 16 && report.phash.allSatisfy(\.isHexDigit))
        #expect(report.sharpness >= 0 && report.sharpness.isFinite)
        #expect(report.colors.reduce(0) { $0 + $1.share } <= 1.01)
    }

    @Test(
        "A file that is no sound picture is refused for what it is",
        arguments: [
            ("bad/empty.jpg", "empty_file"), ("bad/truncated.jpg", "truncated"),
            ("bad/text-named.jpg", "unsupported_format"),
            ("bad/ssrf.svg", "unsupported_format"), ("bad/truncated.mp4", "unsupported_format"),
            ("bad/random.png", "corrupt"),
            ("bad/github_46_1.heic", "corrupt"), ("bomb/65535x65535.gif", "pixel_limit"),
            ("bomb/60000x60000.png", "pixel_limit"),
            ("bomb/65500x65500.jpg", "pixel_limit"),
        ])
    func refused(path: String, code: String) throws {
        let analyzer = try FixedLabels.analyzer()
        let failure = #expect(throws: OperationFailure.self) { try Pictures.analyze(media: path, with: analyzer) }
        #expect(failure?.code == code)
        #expect(failure?.fault == .input)
    }

    @Test("The request's own limits hold")
    func limits() throws {
        let request = AnalyzeRequest(limits: PixelLimits(maxPixels: 100 * 100))
        let analyzer = try FixedLabels.analyzer()
        let failure = #expect(throws: OperationFailure.self) {
            try Pictures.analyze(media: "photo/cyclamen.jpg", with: analyzer, request)
        }
        #expect(failure?.code == "pixel_limit")
    }

    @Test(
        "A blank picture has one colour, no edges and no subject",
        arguments: [(1, 1), (7, 3), (300, 300), (2000, 1), (1, 900)])
    func blank(width: Int, height: Int) throws {
        let file = try Pictures.file(width: width, height: height, bands: 3) { _, _ in [200, 30, 30] }
        let report = try Pictures.analyze(bytes: file, with: SharedAnalyzer.get())
        #expect(report.colors.map(\.name) == ["red"])
        #expect(report.colors.map(\.hex) == ["#c81e1e"])
        #expect(report.colors.first?.share == 1)
        #expect(report.sharpness == 0)
        #expect(report.phash == "8000000000000000")
        #expect([report.width, report.height] == [width, height])
    }

    @Test("A picture that is all transparent has no colours")
    func transparent() throws {
        let file = try Pictures.file(width: 40, height: 30, bands: 4) { x, _ in [UInt8(x), 0, 0, 0] }
        let report = try Pictures.analyze(bytes: file, with: FixedLabels.analyzer())
        #expect(report.hasAlpha && report.colors.isEmpty && report.altText == nil)
    }

    @Test("Camera facts are read, places only on request")
    func camera() throws {
        let analyzer = try FixedLabels.analyzer()
        let flower = try Pictures.analyze(media: "photo/cyclamen.jpg", with: analyzer)
        #expect(flower.camera == CameraFacts(make: "FUJIFILM", model: "FinePix S3Pro", takenAt: "2007-12-06T14:33:18"))
        let canyon = "photo/gps-thompson-springs.jpg"
        #expect(try Pictures.analyze(media: canyon, with: analyzer).camera == nil)
        let placed = try Pictures.analyze(media: canyon, with: analyzer, AnalyzeRequest(includesLocation: true)).camera
        #expect(placed?.latitude == 39.115)
        #expect(placed?.longitude == -108.400968)
        let noFix = try Pictures.analyze(
            media: "photo/leica-t-orient8-400.jpg", with: analyzer, AnalyzeRequest(includesLocation: true))
        #expect(noFix.camera?.make == "LEICA CAMERA AG" && noFix.camera?.latitude == nil)
        #expect(
            try Pictures.analyze(media: "image/iphone-600x800.heic", with: analyzer).camera?.model == "iPhone 11 Pro")
    }

    @Test("Sharpness falls when a picture is blurred")
    func sharpness() throws {
        func file(_ wave: Int) throws -> [UInt8] {
            try Pictures.file(width: 400, height: 300, bands: 1) { x, y in [(x / wave + y / wave) % 2 == 0 ? 20 : 230] }
        }
        let analyzer = try FixedLabels.analyzer()
        let sharp = try Pictures.analyze(bytes: file(4), with: analyzer).sharpness
        let soft = try Pictures.analyze(
            bytes: Pictures.file(width: 400, height: 300, bands: 1) { x, y in [UInt8((x + y) / 3)] }, with: analyzer)
        #expect(sharp > 1000 && soft.sharpness < 100)
    }

    @Test("The hash survives scaling and compression, and tells pictures apart")
    func perceptualHash() throws {
        let analyzer = try FixedLabels.analyzer()
        let photo = try Pictures.analyze(media: "image/denali.webp", with: analyzer)
        let small = try Pictures.withMedia("image/denali.webp") { descriptor in
            let source = try VipsSource.open(descriptor: descriptor)
            let image = try source.decode(maxWidth: 200, maxHeight: 200)
            return try image.encoded(as: .jpeg(quality: 30)).withBytes { Array($0) }
        }
        #expect(try Self.distance(photo.phash, Pictures.analyze(bytes: small, with: analyzer).phash) <= 6)
        let other = try Pictures.analyze(media: "photo/cyclamen.jpg", with: analyzer)
        #expect(try Self.distance(photo.phash, other.phash) > 16)
    }

    @Test("Labels pass through the provider, its threshold and into the alt text")
    func provider() throws {
        let analyzer = try FixedLabels.analyzer(
            Label(name: "tabby cat", score: 0.9), Label(name: "cat", score: 0.9), Label(name: "mat", score: 0.05))
        let file = try Pictures.file(width: 64, height: 64, bands: 3) { _, _ in [128, 128, 128] }
        var stages: [String] = []
        let report = try Pictures.withFile(file) { descriptor in
            try analyzer.analyze(descriptor: descriptor, request: AnalyzeRequest()) { percent, stage in
                stages.append("\(Int(percent)) \(stage)")
            }
        }
        #expect(report.labels.map(\.name) == ["tabby cat", "cat"])
        #expect(report.altText == "A tabby cat in a mostly grey picture")
        #expect(report.provider == "test/fixed" && report.text == nil)
        #expect(stages.first == "0 decode" && stages.last == "100 labels")
    }

    @Test("A provider's failure is the operation's")
    func failingProvider() throws {
        let failure = OperationFailure(.internal, code: "internal_error", message: "no")
        let analyzer = try ImageAnalyzer(labels: FixedLabels(answer: .failure(failure)))
        #expect(throws: failure) { try Pictures.analyze(media: "image/cogs.gif", with: analyzer) }
    }

    @Test("What is no model is our fault, said at start")
    func badModel() {
        let failure = #expect(throws: OperationFailure.self) { try ImageAnalyzer(model: [1, 2, 3]) }
        #expect(failure?.fault == .internal)
        let missing = #expect(throws: OperationFailure.self) { try ImageAnalyzer.load(modelFile: "/no/such/model") }
        #expect(missing?.code == "no_label_model")
        #expect(missing?.detail?.contains("No such file") == true)
    }
}
