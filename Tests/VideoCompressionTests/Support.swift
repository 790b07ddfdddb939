import FFmpeg
import Foundation
import Model
import Testing

@testable import VideoCompression

/// Files of the tests, and the ffmpeg and ffprobe programs that judge results.
enum Media {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Media")

    static func path(_ name: String) -> String { folder.appending(path: name).path }
}

/// A folder of its own that is gone when the test ends.
final class Scratch {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "video-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(filePath: path(name)))
        return path(name)
    }

    /// Makes a clip with the ffmpeg program; `arguments` end with nothing, the output is added.
    func clip(_ name: String, _ arguments: String) throws -> String {
        let output = path(name)
        try run(
            "ffmpeg", ["-v", "error", "-y", "-nostdin"] + arguments.split(separator: " ").map(String.init) + [output])
        return output
    }
}

struct ToolFailure: Error { let text: String }

@discardableResult
func run(_ tool: String, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ToolFailure(text: "\(tool): \(String(decoding: text, as: UTF8.self))")
    }
    return data
}

/// What the ffprobe program says.
struct Probe: Decodable {
    struct Stream: Decodable {
        var codec_name: String?
        var codec_tag_string: String?
        var codec_type: String
        var profile: String?
        var width: Int?
        var height: Int?
        var pix_fmt: String?
        var sample_aspect_ratio: String?
        var avg_frame_rate: String?
        var color_transfer: String?
        var sample_rate: String?
        var channels: Int?
        var duration: String?
        var nb_read_frames: String?
        var tags: [String: String]?
        var side_data_list: [SideData]?
    }
    struct SideData: Decodable { var side_data_type: String? }
    struct Format: Decodable {
        var duration: String?
        var tags: [String: String]?
    }
    var streams: [Stream]
    var format: Format

    init(_ path: String) throws {
        let data = try run(
            "ffprobe", ["-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", path])
        self = try JSONDecoder().decode(Probe.self, from: data)
    }

    var video: Stream? { streams.first { $0.codec_type == "video" } }
    var audio: Stream? { streams.first { $0.codec_type == "audio" } }
    var seconds: Double { Double(format.duration ?? "") ?? 0 }
}

/// A picture of a film as red, green and blue, the way the ffmpeg program shows it (upright).
func shownFrame(_ path: String, side: Int = 64, at seconds: Double = 0) throws -> [UInt8] {
    let data = try run(
        "ffmpeg",
        [
            "-v", "error", "-nostdin", "-i", path, "-ss", "\(seconds)", "-frames:v", "1", "-vf",
            "scale=\(side):\(side),format=rgb24", "-f", "rawvideo", "-",
        ])
    return [UInt8](data)
}

/// The mean difference of two pictures, 0…255.
func difference(_ a: [UInt8], _ b: [UInt8]) -> Double {
    guard a.count == b.count, !a.isEmpty else { return 255 }
    return zip(a, b).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) } / Double(a.count)
}

/// The order of the outermost boxes of an MP4.
func boxes(_ path: String) throws -> [String] {
    let data = try Data(contentsOf: URL(filePath: path))
    var names: [String] = []
    var offset = 0
    while offset + 8 <= data.count {
        let length = data[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        names.append(String(decoding: data[offset + 4..<offset + 8], as: UTF8.self))
        guard length >= 8 else { break }
        offset += length
    }
    return names
}

struct Compressed {
    let result: VideoResult
    let video: String
    let poster: String
    let progress: [VideoProgress]
}

func compress(
    _ path: String, _ scratch: Scratch, spec: VideoSpec = VideoSpec(), limits: VideoLimits = VideoLimits(),
    threads: Int = 2, name: String = "out", cancellation: Cancellation = Cancellation(),
    onProgress: (VideoProgress) -> Void = { _ in }
) throws -> Compressed {
    let (video, poster) = (scratch.path("\(name).mp4"), scratch.path("\(name).jpg"))
    let input = open(path, O_RDONLY | O_CLOEXEC)
    let output = open(video, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    let picture = open(poster, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { for descriptor in [input, output, picture] { close(descriptor) } }
    var progress: [VideoProgress] = []
    let request = VideoRequest(spec: spec, limits: limits, threads: threads)
    let result = try VideoCompressor.compress(
        request, input: input, output: output, poster: picture, cancellation: cancellation
    ) {
        progress.append($0)
        onProgress($0)
    }
    return Compressed(result: result, video: video, poster: poster, progress: progress)
}

/// The code with which a file is refused; nil when it is not.
func refusal(_ path: String, _ scratch: Scratch, limits: VideoLimits = VideoLimits()) throws -> OperationFailure? {
    do {
        _ = try compress(path, scratch, limits: limits)
        return nil
    } catch let failure as OperationFailure {
        return failure
    }
}
