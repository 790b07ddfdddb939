import Foundation
import Glibc
import Model
import Testing
import Vips

@testable import ImageAnalysis

/// Media of the test suite, and pictures made up here.
enum Pictures {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: tests.appending(path: "Media").appending(path: path)))
    }

    /// Lends a descriptor of a file of the test suite.
    static func withMedia<T>(_ path: String, _ body: (Int32) throws -> T) throws -> T {
        let descriptor = Glibc.open(tests.appending(path: "Media").appending(path: path).path, O_RDONLY)
        try #require(descriptor >= 0, "no \(path)")
        defer { close(descriptor) }
        return try body(descriptor)
    }

    /// Lends a descriptor of a file with these bytes and no name.
    static func withFile<T>(_ bytes: [UInt8], _ body: (Int32) throws -> T) throws -> T {
        let path = FileManager.default.temporaryDirectory.appending(path: "picture-\(UUID().uuidString)").path
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        try #require(descriptor >= 0)
        unlink(path)
        defer { close(descriptor) }
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        return try body(descriptor)
    }

    /// A picture whose pixels are computed, as a file.
    static func file(
        _ encoding: Encoding = .png(), width: Int, height: Int, bands: Int, _ pixel: (Int, Int) -> [UInt8]
    ) throws -> [UInt8] {
        let pixels = (0..<height).flatMap { y in (0..<width).flatMap { x in pixel(x, y) } }
        let image = try VipsImage.make(pixels: pixels, width: width, height: height, bands: bands)
        return try image.encoded(as: encoding).withBytes { Array($0) }
    }

    static func analyze(
        media path: String, with analyzer: ImageAnalyzer, _ request: AnalyzeRequest = AnalyzeRequest()
    ) throws -> AnalysisReport {
        try withMedia(path) { try analyzer.analyze(descriptor: $0, request: request) }
    }

    static func analyze(
        bytes: [UInt8], with analyzer: ImageAnalyzer, _ request: AnalyzeRequest = AnalyzeRequest()
    ) throws -> AnalysisReport {
        try withFile(bytes) { try analyzer.analyze(descriptor: $0, request: request) }
    }
}

/// Says what it was told to, so that everything but the network can be tested without it.
struct FixedLabels: LabelProvider {
    var name = "test/fixed"
    var answer: Result<PictureDescription, OperationFailure> = .success(PictureDescription(labels: []))

    func describe(_ image: borrowing VipsImage) throws(OperationFailure) -> PictureDescription {
        try answer.get()
    }

    static func analyzer(_ labels: Label...) throws -> ImageAnalyzer {
        try ImageAnalyzer(labels: FixedLabels(answer: .success(PictureDescription(labels: labels))))
    }
}

/// The one network that the tests share, as the helper does.
enum SharedAnalyzer {
    static func get() throws -> ImageAnalyzer { try loaded.get() }

    private static let loaded = Result {
        try ImageAnalyzer.load(modelFile: path)
    }

    /// Where `scripts/fetch-label-model.sh` puts it for the tests.
    static let path = Pictures.tests.deletingLastPathComponent().appending(path: ".run/models/efficientnet-lite0.onnx")
        .path
}
