import Foundation
import Model
import Testing

@testable import VideoCompression

@Suite("Films encoded as HEVC")
struct HEVCTests {
    private let spec = VideoSpec(codec: .hevc, preset: "ultrafast", posterLongSide: 200)

    @Test("HEVC comes out where it is wanted, under the name that Apple's players know")
    func encoded() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "source.mp4",
            "-f lavfi -i testsrc2=s=640x360:r=25:d=3 -f lavfi -i sine=d=3 -c:v libx264 -qp 10 -preset ultrafast -pix_fmt yuv420p"
        )
        let done = try compress(path, scratch, spec: spec)
        let video = try #require(try Probe(done.video).video)
        #expect(video.codec_name == "hevc")
        #expect(video.codec_tag_string == "hvc1")
        #expect(video.profile == "Main")
        #expect(video.pix_fmt == "yuv420p")
        #expect(video.nb_read_frames == "75")
        #expect(try Probe(done.video).audio?.codec_name == "aac")
        #expect(abs(try Probe(done.video).seconds - 3) < 0.1)
        #expect(done.result.output.videoCodec == "hevc")
        #expect(try boxes(done.video).first { $0 == "moov" || $0 == "mdat" } == "moov")
        for second in [0.0, 1, 2.5] {
            let difference = difference(try shownFrame(path, at: second), try shownFrame(done.video, at: second))
            #expect(difference < 4, "mean difference \(difference) at \(second) s")
        }
        let text = try run("strings", [done.video])
        #expect(!String(decoding: text, as: UTF8.self).contains("x265"), "the encoder's settings are nobody's business")
    }

    @Test("What is HEVC already and would only grow is copied; where H.264 is wanted it is encoded")
    func copied() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "small.mp4",
            "-f lavfi -i testsrc2=s=320x180:r=25:d=4,noise=alls=20:allf=t -c:v libx265 -x265-params log-level=error -crf 45"
                + " -pix_fmt yuv420p")
        #expect(try Probe(path).video?.codec_tag_string == "hev1")
        let kept = try compress(path, scratch, spec: spec)
        #expect(kept.result.remuxed)
        #expect(try Probe(kept.video).video?.codec_tag_string == "hvc1")
        #expect(try Probe(kept.video).video?.nb_read_frames == "100")
        let large = try scratch.clip(
            "large.mp4",
            "-f lavfi -i testsrc2=s=320x180:r=25:d=2 -c:v libx265 -x265-params log-level=error -qp 5 -pix_fmt yuv420p")
        let changed = try compress(large, scratch, name: "changed")
        #expect(try Probe(changed.video).video?.codec_name == "h264")
    }

    @Test("A bound on the bit rate holds for HEVC, too")
    func bitrate() throws {
        let scratch = try Scratch()
        let path = try scratch.clip(
            "noise.mp4",
            "-f lavfi -i testsrc2=s=640x360:r=25:d=6,noise=alls=30:allf=t -c:v libx264 -b:v 8M -preset ultrafast")
        let bounded = VideoSpec(codec: .hevc, maxBitrate: 500_000, preset: "ultrafast", posterLongSide: 200)
        let done = try compress(path, scratch, spec: bounded)
        // Half a megabit and the sound's share for six seconds, and what the two seconds' buffer may have held.
        #expect(done.result.variants[0].bytes < 500_000 / 8 * 8)
    }

    @Test("A codec without a factor of its own gets the usual one", arguments: [(VideoCodec.h264, 23), (.hevc, 28)])
    func usualFactor(codec: VideoCodec, crf: Int) throws {
        let spec = VideoSpec(codec: codec, maxBitrate: 1, posterLongSide: nil)
        #expect(spec.crf == crf)
        #expect(try JSONDecoder().decode(VideoSpec.self, from: JSONEncoder().encode(spec)) == spec)
    }
}
