import FFmpeg
import Foundation
import Model
import Testing

@testable import VideoCompression

@Suite("Turned, wide, bright, fast, silent and cheap films")
struct ShapeTests {
    /// The display matrices of the eight orientations (a, b, c, d), as a camera writes them.
    static let matrices: [[Int32]] = [
        [1, 0, 0, 1], [0, 1, -1, 0], [-1, 0, 0, -1], [0, -1, 1, 0],
        [-1, 0, 0, 1], [0, 1, 1, 0], [1, 0, 0, -1], [0, -1, -1, 0],
    ]

    @Test("Every orientation comes out as the ffmpeg program shows it", arguments: matrices)
    func orientation(_ matrix: [Int32]) throws {
        let scratch = try Scratch()
        let plain = try scratch.clip(
            "plain.mp4", "-f lavfi -i testsrc=s=320x180:r=10:d=1 -c:v libx264 -preset ultrafast -qp 10 -pix_fmt yuv420p"
        )
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: plain)))
        let header = try #require(bytes.firstRange(of: Array("tkhd".utf8)))
        let sides = matrix[0] != 0 ? (320, 180) : (180, 320)
        for (index, value) in [(0, matrix[0]), (1, matrix[1]), (3, matrix[2]), (4, matrix[3])] {
            let fixed = UInt32(bitPattern: value << 16)
            for byte in 0..<4 {
                bytes[header.upperBound + 40 + index * 4 + byte] = UInt8(truncatingIfNeeded: fixed >> (24 - 8 * byte))
            }
        }
        let path = try scratch.write("turned.mp4", bytes)
        let done = try compress(path, scratch)
        let video = try #require(try Probe(done.video).video)
        #expect((video.width, video.height) == sides)
        #expect((done.result.width, done.result.height) == sides)
        #expect(video.side_data_list == nil)
        let difference = difference(try shownFrame(path), try shownFrame(done.video))
        #expect(difference < 4, "mean difference \(difference)")
    }

    @Test("Pixels that are not square become square")
    func pixelAspect() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "wide.mp4", "-f lavfi -i testsrc2=s=720x576:r=25:d=1 -vf setsar=16/11 -c:v libx264 -qp 10 -preset ultrafast"
        )
        let done = try compress(path, scratch)
        let video = try #require(try Probe(done.video).video)
        #expect((video.width, video.height) == (1046, 576))
        #expect(video.sample_aspect_ratio == "1:1")
    }

    @Test("High dynamic range comes down to the standard one", arguments: ["smpte2084", "arib-std-b67"])
    func toneMapped(_ transfer: String) throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "hdr.mp4",
            "-f lavfi -i testsrc2=s=640x360:r=10:d=1 -pix_fmt yuv420p10le -c:v libx264 -qp 5 -preset ultrafast"
                + " -color_primaries bt2020 -color_trc \(transfer) -colorspace bt2020nc")
        #expect(try Probe(path).video?.color_transfer == transfer)
        let done = try compress(path, scratch)
        let video = try #require(try Probe(done.video).video)
        #expect(video.pix_fmt == "yuv420p")
        #expect(video.color_transfer == "bt709")
        #expect(video.profile == "High")
        #expect(done.result.warnings == [.toneMapped])
        // Not a flat picture: the darkest and the brightest parts are still far apart.
        let shown = try shownFrame(done.video)
        #expect(Int(shown.max() ?? 0) - Int(shown.min() ?? 0) > 120)
    }

    @Test("Sixty frames a second become thirty when asked")
    func frameRate() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "fast.mp4", "-f lavfi -i testsrc2=s=320x180:r=60:d=2 -c:v libx264 -qp 5 -preset ultrafast")
        let thinned = try compress(path, scratch, spec: VideoSpec(maxFrameRate: 30))
        #expect(try Probe(thinned.video).video?.nb_read_frames == "60")
        #expect(try Probe(thinned.video).video?.avg_frame_rate == "30/1")
        #expect(abs(try Probe(thinned.video).seconds - 2) < 0.02)
        let whole = try compress(path, scratch, name: "whole")
        #expect(try Probe(whole.video).video?.nb_read_frames == "120")
    }

    @Test("A bound on the bit rate holds")
    func bitrate() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "noise.mp4",
            "-f lavfi -i testsrc2=s=1280x720:r=25:d=6,noise=alls=30:allf=t -c:v libx264 -b:v 12M -preset ultrafast")
        let done = try compress(path, scratch, spec: VideoSpec(maxBitrate: 1_000_000))
        // One megabit for six seconds, and what the two seconds' buffer may have held at the start.
        #expect(done.result.variants[0].bytes < 1_000_000 / 8 * 8)
        #expect(done.result.variants[0].bytes > 300_000)
    }

    @Test("What encoding would only enlarge is copied: index in front, no place, no time lost")
    func remuxed() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "small.mp4",
            "-f lavfi -i testsrc2=s=320x180:r=25:d=4,noise=alls=20:allf=t -f lavfi -i sine=d=4 -c:v libx264 -crf 45"
                + " -pix_fmt yuv420p -c:a aac -b:a 32k -movflags use_metadata_tags"
                + " -metadata location=+52.5+013.4/ -metadata title=Home")
        #expect(try Probe(path).format.tags?["location"] != nil)
        let done = try compress(path, scratch)
        #expect(done.result.remuxed)
        #expect(done.result.variants[0].keptOriginal)
        #expect(try boxes(done.video).first { $0 == "moov" || $0 == "mdat" } == "moov")
        let probe = try Probe(done.video)
        #expect(probe.format.tags?["location"] == nil)
        #expect(probe.format.tags?["title"] == nil)
        #expect(try packets(path) == packets(done.video))
        #expect(done.result.frames == 100)
        #expect(done.result.variants[0].bytes <= (try Data(contentsOf: URL(filePath: path)).count))
    }

    private func packets(_ path: String) throws -> String {
        String(
            decoding: try run("ffmpeg", ["-v", "error", "-i", path, "-c", "copy", "-f", "streamhash", "-"]),
            as: UTF8.self)
    }

    @Test(
        "Sound alone becomes an M4A",
        arguments: [("wav", "-c:a pcm_s16le"), ("mp3", "-b:a 256k"), ("ogg", "-c:a libvorbis -q:a 8"), ("flac", "")])
    func sound(_ kind: String, _ codec: String) throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "sound.\(kind)", "-f lavfi -i anoisesrc=d=3:r=44100:a=0.3 -ac 2 \(codec)")
        let done = try compress(path, scratch)
        let probe = try Probe(done.video)
        #expect(probe.streams.count == 1)
        #expect(probe.audio?.codec_name == "aac")
        #expect(probe.audio?.sample_rate == "44100")
        #expect(probe.audio?.channels == 2)
        #expect(abs(probe.seconds - 3) < 0.1)
        #expect(done.result.variants.map(\.mimeType) == ["audio/mp4"])
        #expect(done.result.variants[0].bytes < Int64(try Data(contentsOf: URL(filePath: path)).count))
    }

    @Test("A cover picture is no film")
    func cover() throws {
        let scratch = try Scratch()
        let picture = scratch.path("cover.jpg")
        try run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1", picture])
        let path = try scratch.clip(
            "song.mp3",
            "-f lavfi -i anoisesrc=d=2:a=0.3 -i \(picture) -map 0 -map 1 -b:a 256k -disposition:v attached_pic")
        #expect(try Probe(path).video != nil)
        #expect(try Probe(try compress(path, scratch).video).video == nil)
    }

    @Test("The poster is not black when the film begins in the dark")
    func poster() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "dark.mp4",
            "-f lavfi -i color=black:s=320x180:r=25:d=1 -f lavfi -i testsrc2=s=320x180:r=25:d=1 -lavfi concat=n=2"
                + " -c:v libx264 -qp 5 -pix_fmt yuv420p")
        let done = try compress(path, scratch)
        let shown = try shownFrame(done.poster)
        try #require(!shown.isEmpty)
        #expect(shown.reduce(0) { $0 + Int($1) } / shown.count > 60)
        let black = try scratch.clip("night.mp4", "-f lavfi -i color=black:s=320x180:r=25:d=1 -c:v libx264")
        #expect(try compress(black, scratch, name: "black").result.variants.last?.name == "poster")
    }

    @Test("The picture's size and the sound's layout may change on the way")
    func changing() throws {
        let scratch = try Scratch()
        for (name, size, layout) in [("a", "320x240", 2), ("b", "640x480", 1)] {
            _ = try scratch.clip(
                "\(name).ts",
                "-f lavfi -i testsrc2=s=\(size):r=25:d=2 -f lavfi -i anoisesrc=d=2:a=0.2 -c:v libx264 -b:v 2M -c:a mp2 -ac \(layout)"
            )
        }
        let joined = try scratch.write(
            "joined.ts",
            try Data(contentsOf: URL(filePath: scratch.path("a.ts")))
                + Data(contentsOf: URL(filePath: scratch.path("b.ts"))))
        let done = try compress(joined, scratch)
        let probe = try Probe(done.video)
        #expect((probe.video?.width, probe.video?.height) == (320, 240))
        #expect(abs((Int(probe.video?.nb_read_frames ?? "") ?? 0) - 100) <= 1)
        #expect(abs(probe.seconds - 4) < 0.2)
    }
}
