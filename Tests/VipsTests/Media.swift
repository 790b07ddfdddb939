import Glibc
import TestServers
import Testing
import Vips

/// libvips has one error text a process: tests that look at errors must not run side by side.
@Suite(.serialized) enum VipsTests {}

/// Test media and what a second reader, the `vips` program, says of them.
enum Media {
    static let folder: String = {
        let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(here)/Media/"
    }()

    static func path(_ name: String) -> String { folder + name }

    /// Lends a descriptor of a file in `Tests/Media`.
    static func with<T: ~Copyable>(_ name: String, _ body: (Int32) throws -> T) throws -> T {
        let descriptor = open(path(name), O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(name): errno \(errno)")
        defer { close(descriptor) }
        return try body(descriptor)
    }

    static func decode(
        _ name: String, maxWidth: Int? = nil, maxHeight: Int? = nil, allFrames: Bool = false
    ) throws -> VipsImage {
        try with(name) {
            try VipsSource.open(descriptor: $0).decode(maxWidth: maxWidth, maxHeight: maxHeight, allFrames: allFrames)
        }
    }

    /// Lends a source made of bytes at hand.
    static func withSource<T>(_ bytes: [UInt8], _ body: (borrowing VipsSource) throws -> T) throws -> T {
        var name = Array((try ChildServer.temporaryFolder() + "/XXXXXX").utf8CString)
        let descriptor = mkstemp(&name)
        defer {
            close(descriptor)
            unlink(name)
            rmdir(dirname(&name))
        }
        _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        return try body(try VipsSource.open(descriptor: descriptor))
    }

    /// Runs the `vips` program on files, and gives the pixels of the PNG that it writes to `result.png`.
    static func pixelsByProgram(_ commands: (_ result: String) -> [[String]]) throws -> [UInt8] {
        let folder = try ChildServer.temporaryFolder()
        defer {
            unlink(folder + "/result.png")
            rmdir(folder)
        }
        for command in commands(folder + "/result.png") { _ = try ChildServer.output(of: command) }
        let descriptor = open(folder + "/result.png", O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        return try VipsSource.open(descriptor: descriptor).decode().rgbPixels()
    }
}

/// The mean absolute difference of two pictures' bytes, 0…255.
func difference(_ a: [UInt8], _ b: [UInt8]) -> Double {
    guard a.count == b.count, !a.isEmpty else { return .infinity }
    return Double(zip(a, b).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }) / Double(a.count)
}

/// What a call throws, if that is a ``VipsError``.
func vipsError(_ body: () throws -> Void) -> VipsError? {
    do {
        try body()
        return nil
    } catch {
        return error as? VipsError
    }
}
