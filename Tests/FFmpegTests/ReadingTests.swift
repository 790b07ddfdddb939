import Foundation
import Testing

@testable import FFmpeg

@Suite("Taking files apart and decoding them")
struct ReadingTests {
    @Test(
        "Packets and frames are as many as ffprobe counts",
        arguments: ["rabbit320.webm", "odd-yuv444-641x359.mp4", "mpeg4-mp3.avi", "with-gps-rot90.mov"])
    func counts(_ name: String) throws {
        let path = Media.path("video/\(name)")
        let (packets, frames) = try withFile(path) { descriptor in
            let demuxer = try Demuxer.open(descriptor: descriptor)
            let video = try #require(demuxer.streams.first { $0.kind == .video })
            demuxer.select([video.index])
            let decoder = try Decoder.open(demuxer, stream: video.index, threads: 2)
            let packet = try Packet()
            let frame = try Frame()
            var (packets, frames) = (0, 0)
            while try demuxer.read(into: packet) {
                packets += 1
                try decoder.send(packet)
                while try decoder.receive(into: frame) { frames += 1 }
            }
            try decoder.sendEnd()
            while try decoder.receive(into: frame) {
                frames += 1
                #expect((frame.width, frame.height) == (video.width, video.height))
            }
            // The descriptor's own offset was not touched.
            #expect(lseek(descriptor, 0, SEEK_CUR) == 0)
            return (packets, frames)
        }
        #expect(packets == (try probe(path, "-count_packets -select_streams v:0 -show_entries stream=nb_read_packets")))
        #expect(frames == (try probe(path, "-count_frames -select_streams v:0 -show_entries stream=nb_read_frames")))
    }

    @Test("Streams are described")
    func streams() throws {
        try withFile(Media.path("video/with-gps-rot90.mov")) { descriptor in
            let demuxer = try Demuxer.open(descriptor: descriptor)
            #expect(demuxer.format.hasPrefix("mov,mp4"))
            let video = try #require(demuxer.streams.first { $0.kind == .video })
            #expect(video.codec == "h264")
            #expect((video.width, video.height) == (568, 320))
            #expect(video.orientation == Orientation(quarterTurns: 1))
            #expect(video.isDecodable)
            #expect(video.frames == 120)
            #expect(demuxer.streams.filter { $0.kind == .other }.count == 2)
            #expect(demuxer.metadataKeys.contains { $0.contains("location") })
        }
    }

    @Test(
        "A display matrix is a mirror image and a turn",
        arguments: [
            ([1, 0, 0, 1], false, 0), ([0, 1, -1, 0], false, 1), ([-1, 0, 0, -1], false, 2), ([0, -1, 1, 0], false, 3),
            ([-1, 0, 0, 1], true, 0), ([1, 0, 0, -1], true, 2),
        ])
    func matrix(_ sides: [Int32], _ isMirrored: Bool, _ turns: Int) {
        let matrix = [sides[0] << 16, sides[1] << 16, 0, sides[2] << 16, sides[3] << 16, 0, 0, 0, 1 << 30]
        #expect(
            matrix.withUnsafeBufferPointer { $0.baseAddress.map { Orientation(matrix: $0) } }
                == Orientation(isMirrored: isMirrored, quarterTurns: turns))
    }

    @Test(
        "Playlists, lists and pictures are refused by their content",
        arguments: [
            "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n", "ffconcat version 1.0\nfile '/etc/passwd'\n",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "\u{ff}\u{d8}", "",
        ])
    func refused(_ text: String) throws {
        try withScratch(text.utf8) { path in
            try withFile(path) { descriptor in
                let error = #expect(throws: FFmpegError.self) { _ = try Demuxer.open(descriptor: descriptor) }
                #expect(error?.fault == .input)
            }
        }
    }

    @Test("A codec that is not allowed is not decoded, and a cancelled reader reads nothing")
    func policy() throws {
        try withFile(Media.path("video/rabbit320.webm")) { descriptor in
            let narrow = try Demuxer.open(descriptor: descriptor, policy: InputPolicy(codecs: ["h264"]))
            #expect(narrow.streams.allSatisfy { !$0.isDecodable })
            let refused = #expect(throws: FFmpegError.self) { _ = try Decoder.open(narrow, stream: 0, threads: 1) }
            #expect(refused?.code == .unsupportedCodec)
            let few = #expect(throws: FFmpegError.self) {
                _ = try Demuxer.open(descriptor: descriptor, policy: InputPolicy(maxStreams: 1))
            }
            #expect(few?.code == .limit)

            let cancellation = Cancellation()
            let demuxer = try Demuxer.open(descriptor: descriptor, cancellation: cancellation)
            let packet = try Packet()
            #expect(try demuxer.read(into: packet))
            cancellation.cancel()
            let stopped = #expect(throws: FFmpegError.self) { _ = try demuxer.read(into: packet) }
            #expect(stopped?.code == .cancelled)
            #expect(stopped?.fault == .nobody)
            #expect(throws: FFmpegError.self) {
                _ = try Demuxer.open(descriptor: descriptor, cancellation: cancellation)
            }
        }
    }

    @Test("A closed descriptor and one that cannot be read are the machine's fault")
    func unreadable() throws {
        let error = #expect(throws: FFmpegError.self) { _ = try Demuxer.open(descriptor: -1) }
        #expect(error?.fault == .machine)
    }
}
