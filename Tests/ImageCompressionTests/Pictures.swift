import Glibc
import Model
import TestServers
import Testing
import Vips

@testable import ImageCompression

/// libvips has one error text a process: tests that look at errors must not run side by side.
@Suite(.serialized) enum ImageCompressionTests {}

/// A temporary folder with an input file and the outputs made of it.
final class Pictures {
    static let media: String = {
        let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(here)/Media/"
    }()

    let folder: String
    let input: String

    /// - Parameter name: a file in `Tests/Media`.
    init(_ name: String) throws {
        folder = try ChildServer.temporaryFolder()
        input = Self.media + name
    }

    init(bytes: [UInt8]) throws {
        folder = try ChildServer.temporaryFolder()
        input = folder + "/input"
        let file = try #require(fopen(input, "we"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    deinit {
        for name in (try? ChildServer.output(of: ["ls", folder]).split(separator: "\n")) ?? [] {
            unlink("\(folder)/\(name)")
        }
        rmdir(folder)
    }

    func path(_ variant: String) -> String { "\(folder)/\(variant).out" }

    /// Makes the variants, each in the file of its name.
    func run(
        _ variants: [ImageVariantSpec], limits: PixelLimits = PixelLimits(),
        progress: @escaping (Double) -> Void = { _ in }
    ) throws -> [VariantFacts] {
        let descriptor = open(input, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(input): errno \(errno)")
        let outputs = variants.map { open(path($0.name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600) }
        defer { for one in outputs + [descriptor] { close(one) } }
        let request = ImageVariantsRequest(variants: variants, limits: limits)
        return try ImageVariants.run(request, input: descriptor, outputs: outputs, progress: progress).variants
    }

    /// What a call of ``run(_:limits:progress:)`` fails with.
    func failure(_ variants: [ImageVariantSpec], limits: PixelLimits = PixelLimits()) -> OperationFailure? {
        do {
            _ = try run(variants, limits: limits)
            return nil
        } catch {
            return error as? OperationFailure
        }
    }

    /// All header fields of an output, as the `vipsheader` program reads them.
    func fields(_ variant: String) throws -> [String: String] { try Self.fields(at: path(variant)) }

    static func fields(at path: String) throws -> [String: String] {
        let text = try ChildServer.output(of: ["vipsheader", "-a", path])
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") where line.contains(": ") {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[String(parts[0])] = String(parts[1].drop { $0 == " " })
        }
        return fields
    }

    func bytes(_ variant: String) throws -> [UInt8] { try Self.bytes(at: path(variant)) }

    static func bytes(at path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        return try DescriptorIO.read(descriptor, count: try DescriptorIO.size(of: descriptor))
    }

    /// An output's pixels, at most `side` pixels long.
    func pixels(_ variant: String, side: Int) throws -> [UInt8] { try Self.pixels(at: path(variant), side: side) }

    static func pixels(at path: String, side: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        return try VipsSource.open(descriptor: descriptor).decode(maxWidth: side, maxHeight: side).rgbPixels()
    }
}

/// The mean absolute difference of two pictures' bytes, 0…255.
func difference(_ a: [UInt8], _ b: [UInt8]) -> Double {
    guard a.count == b.count, !a.isEmpty else { return .infinity }
    return Double(zip(a, b).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }) / Double(a.count)
}

extension ImageVariantSpec {
    static let webp = ImageVariantSpec(name: "webp", format: .webp)
    static let fallback = ImageVariantSpec(name: "fallback", format: .fallback)
    static let thumbnail = ImageVariantSpec(name: "thumbnail", format: .fallback, maxWidth: 320, maxHeight: 320)
}
