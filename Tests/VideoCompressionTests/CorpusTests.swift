import Foundation
import Model
import Testing

@testable import VideoCompression

@Suite("Every kind of clip becomes an MP4 for the web")
struct CorpusTests {
    struct Clip: CustomTestStringConvertible {
        let name: String
        /// Upright, as it must come out.
        let size: (Int, Int)
        let seconds: Double
        let frames: Int
        let hasSound: Bool
        var testDescription: String { name }
    }

    static let clips: [Clip] = [
        Clip(name: "rabbit320.webm", size: (320, 240), seconds: 7.8, frames: 234, hasSound: true),
        Clip(name: "odd-yuv444-641x359.mp4", size: (640, 358), seconds: 4, frames: 100, hasSound: false),
        Clip(name: "odd-481x271-vp9.webm", size: (480, 270), seconds: 6, frames: 180, hasSound: true),
        Clip(name: "with-gps-rot90.mov", size: (320, 568), seconds: 4, frames: 120, hasSound: true),
        Clip(name: "chapters.mp4", size: (1080, 720), seconds: 1.09, frames: 30, hasSound: true),
        Clip(name: "srt-ac3.mkv", size: (1080, 720), seconds: 1.08, frames: 30, hasSound: true),
        Clip(name: "mpeg4-mp3.avi", size: (960, 400), seconds: 4.09, frames: 96, hasSound: true),
        Clip(name: "nasa-2video-2audio-2subs.mp4", size: (320, 180), seconds: 13.05, frames: 325, hasSound: true),
        Clip(name: "vfr-518x488.mp4", size: (518, 488), seconds: 5.59, frames: 167, hasSound: true),
    ]

    @Test("Size, codecs, length, index in front, nothing private", arguments: clips)
    func clip(_ clip: Clip) throws {
        let scratch = try Scratch()
        let path = Media.path("video/\(clip.name)")
        let done = try compress(path, scratch)
        let probe = try Probe(done.video)
        let video = try #require(probe.video)
        #expect(probe.streams.count == (clip.hasSound ? 2 : 1))
        #expect(video.codec_name == "h264")
        #expect(["yuv420p", "yuvj420p"].contains(video.pix_fmt))
        #expect((video.width, video.height) == clip.size)
        #expect(["1:1", nil].contains(video.sample_aspect_ratio))
        #expect(video.side_data_list == nil)
        #expect(abs(probe.seconds - clip.seconds) < 0.09)
        #expect(abs((Int(video.nb_read_frames ?? "") ?? 0) - clip.frames) <= 1)
        if clip.hasSound {
            let audio = try #require(probe.audio)
            #expect(audio.codec_name == "aac")
            #expect(audio.channels ?? 9 <= 2)
            #expect(abs((Double(audio.duration ?? "") ?? 0) - clip.seconds) < 0.15)
        }
        let order = try boxes(done.video)
        #expect(try #require(order.firstIndex(of: "moov")) < (try #require(order.firstIndex(of: "mdat"))))
        let tags = Set((probe.format.tags ?? [:]).keys).union(probe.streams.flatMap { ($0.tags ?? [:]).keys })
        #expect(
            tags.isSubset(of: [
                "major_brand", "minor_version", "compatible_brands", "language", "handler_name", "vendor_id",
            ]))

        // The whole result decodes without one complaint.
        let complaints = try run(
            "sh",
            ["-c", "ffmpeg -v warning -nostdin -xerror -i \"$1\" -f null - 2>&1 | head -c 2000", "sh", done.video])
        #expect(complaints.isEmpty, "\(String(decoding: complaints, as: UTF8.self))")
        // And it shows what the input shows.
        let at = clip.seconds / 2
        #expect(difference(try shownFrame(path, at: at), try shownFrame(done.video, at: at)) < 6)

        let original = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64 ?? 0
        let facts = done.result.variants[0]
        #expect(facts.bytes <= original)
        #expect((facts.width, facts.height) == clip.size)
        #expect(facts.bytes == (try FileManager.default.attributesOfItem(atPath: done.video)[.size] as? Int64))
        #expect(facts.sha256 == (try sum(done.video)))
        #expect(done.result.output.frames == Int64(video.nb_read_frames ?? ""))
        #expect(abs(Double(done.result.output.durationMs) / 1000 - probe.seconds) < 0.02)
        #expect(done.result.warnings.isEmpty)
    }

    private func sum(_ path: String) throws -> String {
        String(String(decoding: try run("sha256sum", [path]), as: UTF8.self).prefix(64))
    }

    @Test("The poster is an upright JPEG of the film", arguments: ["with-gps-rot90.mov", "rabbit320.webm"])
    func poster(_ name: String) throws {
        let scratch = try Scratch()
        let done = try compress(Media.path("video/\(name)"), scratch, spec: VideoSpec(posterLongSide: 200))
        let facts = try #require(done.result.variants.last)
        #expect(facts.name == "poster")
        #expect(facts.mimeType == "image/jpeg")
        #expect(max(facts.width, facts.height) == 200)
        let picture = try #require(try Probe(done.poster).video)
        #expect((picture.width, picture.height) == (facts.width, facts.height))
        #expect((picture.width ?? 0 < picture.height ?? 0) == name.hasSuffix(".mov"))
        #expect(difference(try shownFrame(done.poster), try shownFrame(Media.path("video/\(name)"))) < 5)
    }

    /// x264 itself is not asked for the same bytes: its look-ahead reads memory that it has not set.
    @Test("The same input and settings give the same sound, poster and container", arguments: [1, 2])
    func deterministic(threads: Int) throws {
        let scratch = try Scratch()
        let path = Media.path("video/odd-481x271-vp9.webm")
        let first = try compress(path, scratch, threads: threads, name: "a")
        let second = try compress(path, scratch, threads: threads, name: "b")
        #expect(try sound(first.video) == sound(second.video))
        #expect(first.result.variants[1] == second.result.variants[1])
        #expect(first.result.output == second.result.output)
        let (a, b) = (Double(first.result.variants[0].bytes), Double(second.result.variants[0].bytes))
        #expect(abs(a - b) < 0.01 * a)

        let wave = try scratch.clip("tone.wav", "-f lavfi -i sine=d=2")
        let (left, right) = (try compress(wave, scratch, name: "l"), try compress(wave, scratch, name: "r"))
        #expect(left.result == right.result)
    }

    private func sound(_ path: String) throws -> Data {
        try run("ffmpeg", ["-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-"])
    }

    @Test("Progress rises from 0 to 100")
    func progress() throws {
        let scratch = try Scratch()
        let done = try compress(Media.path("video/rabbit320.webm"), scratch)
        let percents = done.progress.map(\.percent)
        #expect(percents.first == 0)
        #expect(percents.last == 100)
        #expect(zip(percents, percents.dropFirst()).allSatisfy { $0 < $1 })
        #expect(percents.count > 50)
    }
}
