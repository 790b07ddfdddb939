import Foundation
import Testing

@testable import FFmpeg

@Suite("Filtering, encoding and writing containers")
struct WritingTests {
    /// Copies the film of a clip into an MP4; packets are given before the header is written.
    private func copy(
        _ name: String, to descriptor: Int32, options: [(String, String)] = [("movflags", "+faststart")],
        heldBack: Int = 10
    ) throws -> Int {
        try withFile(Media.path("video/\(name)")) { source in
            let demuxer = try Demuxer.open(descriptor: source)
            let video = try #require(demuxer.streams.first { $0.kind == .video })
            demuxer.select([video.index])
            var muxer = try Muxer.create(descriptor: descriptor, format: "mp4")
            let track = try muxer.addTrack(copying: demuxer, stream: video.index)
            let packet = try Packet()
            var count = 0
            while try demuxer.read(into: packet) {
                if count == heldBack {
                    #expect(muxer.heldBytes > 0)
                    try muxer.start(options: options)
                    #expect(muxer.heldBytes == 0)
                }
                try muxer.write(packet, track: track, timeBase: video.timeBase)
                count += 1
            }
            try muxer.finish()
            return count
        }
    }

    @Test("The index comes first, and all packets are there")
    func faststart() throws {
        try withScratch { path in
            let count = try withFile(path, O_RDWR) { try copy("odd-yuv444-641x359.mp4", to: $0) }
            let bytes = try Data(contentsOf: URL(filePath: path))
            let index = try #require(bytes.firstRange(of: Data("moov".utf8)))
            let media = try #require(bytes.firstRange(of: Data("mdat".utf8)))
            #expect(index.lowerBound < media.lowerBound)
            #expect(count == 100)
            #expect(
                count == (try probe(path, "-count_packets -select_streams v:0 -show_entries stream=nb_read_packets")))
        }
    }

    @Test("A full disk is the machine's fault, and a wrong option the caller's")
    func failures() throws {
        let full = #expect(throws: FFmpegError.self) {
            _ = try withFile("/dev/full", O_RDWR) { try copy("with-gps-rot90.mov", to: $0, options: []) }
        }
        #expect(full?.code == .io)
        #expect(full?.status == -ENOSPC)
        try withScratch { path in
            let wrong = #expect(throws: FFmpegError.self) {
                _ = try withFile(path, O_RDWR) { try copy("with-gps-rot90.mov", to: $0, options: [("no_such", "1")]) }
            }
            #expect(wrong?.code == .setting)
            #expect(wrong?.fault == .caller)
        }
    }

    @Test("Frames are scaled, told apart by shape and encoded as a JPEG")
    func filterAndEncode() throws {
        try withFile(Media.path("video/rabbit320.webm")) { descriptor in
            let demuxer = try Demuxer.open(descriptor: descriptor)
            let video = try #require(demuxer.streams.first { $0.kind == .video })
            demuxer.select([video.index])
            let decoder = try Decoder.open(demuxer, stream: video.index, threads: 1)
            let packet = try Packet()
            let frame = try Frame()
            let small = try Frame()
            repeat {
                #expect(try demuxer.read(into: packet))
                try decoder.send(packet)
            } while try !decoder.receive(into: frame)
            #expect(frame.shape.pixelFormat == "yuv420p")
            #expect((0...1).contains(frame.darkShare))
            let kept = try frame.reference()
            let graph = try FilterGraph.make(
                "scale=100:80,format=yuvj420p", for: frame.shape, timeBase: video.timeBase)
            #expect(graph.shape == kept.shape)
            try graph.send(frame)
            try graph.sendEnd()
            #expect(try graph.receive(into: small))
            #expect((small.width, small.height) == (100, 80))
            #expect(small.shape != kept.shape)
            #expect(small.shape.isFullRange)
            #expect(try !graph.receive(into: frame))

            let encoder = try Encoder.open(
                "mjpeg", like: small, timeBase: Rational(1, 25), globalHeader: false, threads: 1, options: [])
            try encoder.send(small)
            try encoder.sendEnd()
            #expect(try encoder.receive(into: packet))
            #expect(packet.withBytes { Array($0.prefix(2)) } == [0xff, 0xd8])

            let wrong = #expect(throws: FFmpegError.self) {
                _ = try FilterGraph.make("no_such_filter", for: kept.shape, timeBase: video.timeBase)
            }
            #expect(wrong?.fault == .caller)
            let missing = #expect(throws: FFmpegError.self) {
                _ = try Encoder.open(
                    "no_such_encoder", like: kept, timeBase: Rational(1, 25), globalHeader: false, threads: 1,
                    options: [])
            }
            #expect(missing?.code == .setting)
        }
    }

    @Test("Sound comes in frames of the wanted length")
    func sound() throws {
        try withFile(Media.path("video/srt-ac3.mkv")) { descriptor in
            let demuxer = try Demuxer.open(descriptor: descriptor)
            let audio = try #require(demuxer.streams.first { $0.kind == .audio })
            demuxer.select([audio.index])
            let decoder = try Decoder.open(demuxer, stream: audio.index, threads: 1)
            let packet = try Packet()
            let frame = try Frame()
            let cut = try Frame()
            while try demuxer.read(into: packet) {
                try decoder.send(packet)
                if try decoder.receive(into: frame) { break }
            }
            let graph = try FilterGraph.make(
                "aformat=sample_fmts=fltp:channel_layouts=stereo", for: frame.shape, timeBase: audio.timeBase)
            graph.setSamplesPerFrame(500)
            #expect(frame.samples == 1536)
            try graph.send(frame)
            try graph.sendEnd()
            var lengths: [Int] = []
            while try graph.receive(into: cut) {
                lengths.append(cut.samples)
                #expect(cut.shape.layout == "stereo")
            }
            #expect(lengths == [500, 500, 500, 36])
        }
    }

    @Test("Times are converted between bases without overflow")
    func rational() {
        #expect(Rational(1, 90_000).rescale(90_000, to: Rational(1, 1000)) == 1000)
        #expect(Rational(1, 1000).rescale(Int64.max / 4, to: Rational(1, 1000)) == Int64.max / 4)
        #expect(Rational(0, 1).value == nil)
        #expect(Rational.unknown.seconds(5) == 0)
    }
}
