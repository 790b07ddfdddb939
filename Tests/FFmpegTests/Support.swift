import Foundation
import Testing

enum Media {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Media")

    static func path(_ name: String) -> String { folder.appending(path: name).path }
}

/// Lends a file's descriptor.
func withFile<T>(_ path: String, _ flags: Int32 = O_RDONLY, _ body: (Int32) throws -> T) throws -> T {
    let descriptor = open(path, flags | O_CLOEXEC, 0o600)
    try #require(descriptor >= 0, "cannot open \(path)")
    defer { close(descriptor) }
    return try body(descriptor)
}

/// Lends the path of a file that is gone afterwards.
func withScratch<T>(_ bytes: some Sequence<UInt8> = [], _ body: (String) throws -> T) throws -> T {
    let path = FileManager.default.temporaryDirectory.appending(path: "ffmpeg-\(UUID().uuidString)").path
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// One number from the ffprobe program.
func probe(_ path: String, _ arguments: String) throws -> Int? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
        ["ffprobe", "-v", "error", "-of", "csv=p=0"] + arguments.split(separator: " ").map(String.init) + [path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Int(String(decoding: data, as: UTF8.self).filter(\.isNumber))
}
