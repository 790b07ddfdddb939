import FFmpeg
import Foundation
import Model
import Testing

@testable import VideoCompression

@Suite("Damaged, disguised and oversized files")
struct HostileTests {
    @Test("Cut off at less than a second is refused as truncated")
    func truncatedShort() throws {
        let scratch = try Scratch()
        let failure = try #require(try refusal(Media.path("bad/truncated.mp4"), scratch))
        #expect(failure.code == "truncated")
        #expect(failure.fault == .input)
    }

    @Test("Cut off later gives what plays, with a warning")
    func truncatedLong() throws {
        let scratch = try Scratch()
        let done = try compress(Media.path("bad/truncated.mkv"), scratch)
        #expect(done.result.warnings.contains(.truncated))
        let probe = try Probe(done.video)
        #expect(probe.seconds > 2)
        #expect(abs(Double(done.result.durationMs) / 1000 - probe.seconds) < 0.1)
    }

    @Test("An MP4 with its index in front and half its data plays its first half")
    func truncatedFaststart() throws {
        let scratch = try Scratch()
        let whole = try scratch.clip(
            "whole.mp4", "-f lavfi -i testsrc2=s=320x240:r=25:d=6 -c:v libx264 -b:v 600k -movflags +faststart")
        let bytes = try Data(contentsOf: URL(filePath: whole))
        let path = try scratch.write("half.mp4", bytes.prefix(bytes.count / 2))
        let done = try compress(path, scratch)
        #expect(done.result.warnings == [.truncated])
        #expect(!done.result.remuxed)
        #expect((2.0...5.0).contains(try Probe(done.video).seconds))
    }

    @Test("Nothing that is not a film is taken, whatever it is called")
    func disguised() throws {
        let scratch = try Scratch()
        let jpeg = scratch.path("picture.jpg")
        try run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-frames:v", "1", jpeg])
        let other = try scratch.clip("secret.mp4", "-f lavfi -i testsrc2=s=64x64:d=1")
        let disguises: [(String, [UInt8])] = [
            ("hls", Array("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://\(other)\n#EXT-X-ENDLIST\n".utf8)),
            ("concat", Array("ffconcat version 1.0\nfile '\(other)'\nduration 1\n".utf8)),
            ("sdp", Array("v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n".utf8)),
            ("dash", Array("<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>".utf8)),
            ("svg", Array("<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"http://127.0.0.1/\"/></svg>".utf8)),
            ("heic", [0, 0, 0, 24] + Array("ftypheic\0\0\0\0mif1heic".utf8) + [0, 0, 0, 99] + Array("meta".utf8)),
            ("avif", [0, 0, 0, 24] + Array("ftypavif\0\0\0\0mif1avif".utf8) + [0, 0, 0, 99] + Array("meta".utf8)),
            ("text", Array("hello, this is not a film\n".utf8)),
            ("noise", (0..<20_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }),
            ("jpeg", [UInt8](try Data(contentsOf: URL(filePath: jpeg)))),
        ]
        for (name, bytes) in disguises {
            let failure = try refusal(try scratch.write("\(name).mp4", bytes), scratch)
            #expect(
                failure?.code == "unsupported_format" || failure?.code == "no_media",
                "\(name): \(failure?.code ?? "taken")")
            #expect(failure?.fault == .input)
        }
        #expect(try refusal(try scratch.write("empty.mp4", []), scratch)?.code == "empty_file")
    }

    @Test("An MP4 whose samples lie in another file does not make that file be read")
    func externalReference() throws {
        let scratch = try Scratch()
        _ = try scratch.clip("secret.mp4", "-f lavfi -i testsrc2=s=64x64:r=25:d=2 -c:v libx264")
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: scratch.path("secret.mp4"))))
        let path = try scratch.write("reference.mov", referring(bytes, to: scratch.path("secret.mp4")))
        // The ffmpeg program follows the reference when it is allowed to: the file is a real attack.
        let shown = try run(
            "ffmpeg", ["-v", "error", "-enable_drefs", "1", "-use_absolute_path", "1", "-i", path, "-f", "md5", "-"])
        #expect(shown == (try run("ffmpeg", ["-v", "error", "-i", scratch.path("secret.mp4"), "-f", "md5", "-"])))
        #expect(try refusal(path, scratch)?.fault == .input)
    }

    /// Turns the `url ` entry of an MP4's data reference into an alias to `path`, and takes the samples away.
    private func referring(_ bytes: [UInt8], to path: String) -> [UInt8] {
        // Version, volume and file name (none), levels; then record 2, the absolute path, and the end.
        var alias = [UInt8](repeating: 0, count: 4 + 10 + 28 + 12 + 64 + 16 + 4 + 16)
        let text = Array(path.utf8) + (path.utf8.count % 2 == 1 ? [0] : [])
        alias += [0, 2, UInt8(text.count >> 8), UInt8(text.count & 255)] + text + [0xff, 0xff, 0, 0]
        return rebuild(bytes, alias: alias)
    }

    private func rebuild(_ bytes: [UInt8], alias: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var offset = 0
        while offset + 8 <= bytes.count {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length >= 8, offset + length <= bytes.count else { break }
            let kind = String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self)
            var body = Array(bytes[offset + 8..<offset + length])
            switch kind {
            case "moov", "trak", "mdia", "minf", "dinf": body = rebuild(body, alias: alias)
            case "dref": body = Array(body[0..<8]) + rebuild(Array(body[8...]), alias: alias)
            case "mdat": body = [UInt8](repeating: 0, count: body.count)
            default: break
            }
            let isReference = kind == "url "
            if isReference { body = alias }
            let count = UInt32(body.count + 8)
            out += (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * UInt32($0))) }
            out += isReference ? Array("alis".utf8) : Array(kind.utf8)
            out += body
            offset += length
        }
        return out
    }

    @Test("Over a limit is refused before decoding")
    func limits() throws {
        let scratch = try Scratch()
        let path = Media.path("video/chapters.mp4")
        var limits = VideoLimits()
        limits.maxFramePixels = 100_000
        #expect(try refusal(path, scratch, limits: limits)?.code == "pixel_limit")
        limits = VideoLimits()
        limits.maxDurationMs = 500
        #expect(try refusal(path, scratch, limits: limits)?.code == "duration_limit")
        limits = VideoLimits()
        limits.maxFrames = 10
        #expect(try refusal(path, scratch, limits: limits)?.code == "frame_limit")
        // A container that does not count its frames is stopped while it is decoded.
        #expect(try refusal(Media.path("video/rabbit320.webm"), scratch, limits: limits)?.code == "frame_limit")
        limits = VideoLimits()
        limits.maxStreams = 3
        let streams = try refusal(Media.path("video/nasa-2video-2audio-2subs.mp4"), scratch, limits: limits)
        #expect(streams?.fault == .input)
    }

    @Test("Flipped bytes never crash: an answer or a refusal of the file", arguments: 0..<12)
    func damaged(_ seed: Int) throws {
        let scratch = try Scratch()
        let names = ["rabbit320.webm", "odd-yuv444-641x359.mp4", "srt-ac3.mkv", "mpeg4-mp3.avi"]
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: Media.path("video/\(names[seed % names.count])"))))
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        for _ in 0..<40 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[Int(state >> 33) % bytes.count] ^= UInt8(truncatingIfNeeded: state >> 20) | 1
        }
        let failure = try refusal(try scratch.write("damaged", bytes), scratch)
        if let failure {
            #expect(failure.fault == .input, "\(failure) \(failure.detail ?? "")")
        } else {
            #expect(try Probe(scratch.path("out.mp4")).video != nil)
        }
    }

    @Test(
        "What is missing at the end shows in the outermost layer",
        arguments: [
            ("bad/truncated.mp4", FileStructure.truncated), ("bad/truncated.mkv", .truncated),
            ("video/chapters.mp4", .whole), ("video/with-gps-rot90.mov", .whole), ("video/rabbit320.webm", .whole),
            ("video/srt-ac3.mkv", .whole), ("video/mpeg4-mp3.avi", .whole),
        ])
    func structure(_ name: String, _ expected: FileStructure) throws {
        let descriptor = open(Media.path(name), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let size = try OutputFile.size(descriptor)
        #expect(FileStructure.examine(descriptor: descriptor, size: size) == expected)
        #expect(FileStructure.examine(descriptor: descriptor, size: size / 2) != .whole)
    }

    @Test("Cancelling stops within a frame and says so")
    func cancelled() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "long.mp4", "-f lavfi -i testsrc2=s=640x360:r=30:d=20 -c:v libx264 -preset ultrafast -b:v 4M")
        let cancellation = Cancellation()
        var reports = 0
        var reportsAfter = 0
        let failure = #expect(throws: OperationFailure.self) {
            _ = try compress(path, scratch, cancellation: cancellation) { progress in
                if cancellation.isCancelled { reportsAfter += 1 }
                reports += 1
                if progress.percent > 10 { cancellation.cancel() }
            }
        }
        #expect(failure?.code == "cancelled")
        #expect(reports > 2)
        #expect(reportsAfter == 0)
    }
}
