import FFmpeg
import Model

/// The sound: decoded, brought to stereo at 44.1 or 48 kHz, encoded as AAC.
final class AudioTrack {
    private let info: StreamInfo
    private let plan: SourcePlan
    private let rates: Rates
    private let decoder: Decoder
    private let frame: Frame
    private let converted: Frame
    private let packed: Frame
    private let packet: Packet
    private let cancellation: Cancellation
    /// From whatever the decoder gives to stereo; made anew when that changes.
    private var converter: FilterGraph?
    /// Cuts into frames of the encoder's size.
    private var packer: FilterGraph?
    private var encoder: Encoder?
    private var track: Int?
    private let start: Int64
    private var expected: Int64?

    private(set) var decoded: Int64 = 0
    private(set) var damaged: Int64 = 0
    private(set) var end = 0.0

    /// Gaps up to here are filled with silence; longer ones stay gaps, as silence takes memory.
    private static let maxFilledSeconds = 10.0

    init(
        _ demuxer: borrowing Demuxer, _ info: StreamInfo, plan: SourcePlan, rates: Rates, cancellation: Cancellation
    ) throws {
        self.info = info
        self.plan = plan
        self.rates = rates
        self.cancellation = cancellation
        decoder = try Decoder.open(demuxer, stream: info.index, threads: 1)
        frame = try Frame()
        converted = try Frame()
        packed = try Frame()
        packet = try Packet()
        start = Rational.microseconds.rescale(plan.startMicroseconds, to: info.timeBase)
    }

    /// 44.1 kHz stays, with its halves and quarters; all else becomes 48 kHz.
    static func outputRate(for rate: Int) -> Int { [44_100, 22_050, 11_025].contains(rate) ? 44_100 : 48_000 }

    func feed(_ input: borrowing Packet, into output: inout Output) throws {
        do {
            try decoder.send(input)
        } catch {
            guard error.code == .invalidData else { throw error }
            damaged += 1
        }
        try drainDecoder(into: &output)
    }

    func finish(into output: inout Output) throws {
        // With several threads the last packets' errors show only here.
        do {
            try decoder.sendEnd()
        } catch {
            guard error.code == .invalidData else { throw error }
            damaged += 1
        }
        try drainDecoder(into: &output)
        try closeConverter(into: &output)
        try packer?.sendEnd()
        try drainPacker(into: &output)
        try encoder?.sendEnd()
        try drainEncoder(into: &output)
    }

    private func drainDecoder(into output: inout Output) throws {
        while true {
            try cancellation.check("decode")
            do {
                guard try decoder.receive(into: frame) else { return }
            } catch {
                guard error.code == .invalidData else { throw error }
                damaged += 1
                continue
            }
            guard frame.samples > 0, frame.sampleRate > 0 else { continue }
            decoded += 1
            try convert(into: &output)
        }
    }

    private func convert(into output: inout Output) throws {
        let length = Rational(1, Int32(frame.sampleRate)).rescale(Int64(frame.samples), to: info.timeBase)
        var time = expected ?? 0
        if let best = frame.bestTimestamp, best.magnitude < 1 << 60 { time = best - start }
        // A clock that went back by more than a moment: what follows is put where it was due.
        if let expected, info.timeBase.seconds(expected - time) > 1 { time = expected }
        let jumps = expected.map { info.timeBase.seconds(time - $0) > Self.maxFilledSeconds } ?? false
        expected = time + length
        end = max(end, info.timeBase.seconds(time + length))
        try plan.checkDuration(end)
        frame.setTimestamp(time, duration: length)
        let shape = frame.shape
        if jumps { try closeConverter(into: &output) }
        if let known = converter?.shape, known != shape { try closeConverter(into: &output) }
        if converter == nil {
            let rate = Self.outputRate(for: info.sampleRate)
            converter = try FilterGraph.make(
                "aresample=\(rate):async=1,aformat=sample_fmts=fltp:channel_layouts=stereo", for: shape,
                timeBase: info.timeBase)
        }
        try converter?.send(frame)
        try drainConverter(into: &output)
    }

    private func closeConverter(into output: inout Output) throws {
        try converter?.sendEnd()
        try drainConverter(into: &output)
        converter = nil
    }

    private func drainConverter(into output: inout Output) throws {
        while try converter?.receive(into: converted) == true {
            if encoder == nil {
                let rate = Rational(1, Int32(converted.sampleRate))
                let made = try Encoder.open(
                    "aac", like: converted, timeBase: rate, globalHeader: output.wantsGlobalHeader, threads: 1,
                    options: [("b", "\(rates.audio)")])
                let graph = try FilterGraph.make("anull", for: converted.shape, timeBase: rate)
                graph.setSamplesPerFrame(made.samplesPerFrame)
                track = try output.add(made)
                encoder = consume made
                packer = consume graph
            }
            try packer?.send(converted)
            try drainPacker(into: &output)
        }
    }

    private func drainPacker(into output: inout Output) throws {
        while try packer?.receive(into: packed) == true {
            try encoder?.send(packed)
            try drainEncoder(into: &output)
        }
    }

    private func drainEncoder(into output: inout Output) throws {
        while try encoder?.receive(into: packet) == true {
            guard let track else { continue }
            let timeBase = encoder?.timeBase ?? info.timeBase
            try output.write(packet, track: track, timeBase: timeBase)
        }
    }
}
