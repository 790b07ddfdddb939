import FFmpeg
import Model

/// Copies the chosen streams into a new MP4 with the index in front, without metadata and without coding anything.
struct Remux {
    let plan: SourcePlan
    let cancellation: Cancellation

    func run(input: Int32, output: Int32) throws -> Tally {
        try OutputFile.clear(output)
        let demuxer = try Demuxer.open(descriptor: input, policy: plan.request.policy, cancellation: cancellation)
        let chosen = [plan.video, plan.audio].compactMap { $0 }
        demuxer.select(Set(chosen.map(\.index)))
        var file = try Output(
            descriptor: output, hasVideo: plan.video != nil, tracks: chosen.count, cancellation: cancellation)
        var tracks: [Int: (track: Int, info: StreamInfo, shift: Int64)] = [:]
        for info in chosen {
            let shift = Rational.microseconds.rescale(-plan.startMicroseconds, to: info.timeBase)
            tracks[info.index] = (try file.add(copying: demuxer, stream: info.index), info, shift)
        }
        var tally = Tally()
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            guard let (track, info, shift) = tracks[packet.stream] else { continue }
            packet.shift(by: shift)
            if info.kind == .video { tally.frames += 1 }
            if let time = packet.timestamp {
                tally.seconds = max(tally.seconds, info.timeBase.seconds(time + packet.duration))
            }
            try file.write(packet, track: track, timeBase: info.timeBase)
        }
        guard try file.finish() else { throw OperationFailure.noStreams }
        return tally
    }
}
