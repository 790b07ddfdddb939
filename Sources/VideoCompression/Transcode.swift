import FFmpeg
import Model

/// What going through an input once has shown.
struct Tally {
    /// Of the input: pictures decoded (or copied), and the seconds up to the end of the last one.
    var frames: Int64 = 0
    var seconds: Double = 0
    var warnings: [VideoWarning] = []
}

/// One pass over the input: read, decode, filter, encode, write.
struct Transcode {
    enum Outcome {
        case done(Tally)
        /// Given up as soon as the result was larger than `sizeLimit`.
        case tooLarge(Tally)
    }

    let plan: SourcePlan
    let rates: Rates
    /// Bytes.
    let sizeLimit: Int64
    let cancellation: Cancellation

    /// - Parameter progress: gets 0…1, rising.
    func run(
        input: Int32, output: Int32, poster: inout PosterPicker, progress: (Double) -> Void
    ) throws -> Outcome {
        try OutputFile.clear(output)
        let demuxer = try Demuxer.open(descriptor: input, policy: plan.request.policy, cancellation: cancellation)
        demuxer.select(Set([plan.video?.index, plan.audio?.index].compactMap { $0 }))
        var file = try Output(
            descriptor: output, hasVideo: plan.video != nil,
            tracks: (plan.video == nil ? 0 : 1) + (plan.audio == nil ? 0 : 1), cancellation: cancellation)
        var video: VideoTrack?
        if let stream = plan.video, let geometry = plan.geometry {
            video = try VideoTrack(demuxer, stream, geometry, plan: plan, rates: rates, cancellation: cancellation)
        }
        var audio: AudioTrack?
        if let stream = plan.audio {
            audio = try AudioTrack(demuxer, stream, plan: plan, rates: rates, cancellation: cancellation)
        }
        let packet = try Packet()
        var packets: Int64 = 0
        var cutShort = false
        while true {
            do {
                guard try demuxer.read(into: packet) else { break }
            } catch {
                guard error.code == .invalidData else { throw error }
                cutShort = true
                break
            }
            if packet.isCorrupt { cutShort = true }
            if packet.stream == plan.video?.index {
                packets += 1
                try video?.feed(packet, into: &file, poster: &poster)
            } else if packet.stream == plan.audio?.index {
                try audio?.feed(packet, into: &file)
            }
            progress(share(of: max(video?.end ?? 0, plan.video == nil ? audio?.end ?? 0 : 0), demuxer.position))
            if file.bytes > sizeLimit { return .tooLarge(tally(video, audio, packets, cutShort)) }
        }
        try video?.finish(into: &file, poster: &poster)
        try audio?.finish(into: &file)
        let tally = tally(video, audio, packets, cutShort)
        try checkWorth(tally, video, audio, packets: packets)
        guard try file.finish() else { throw OperationFailure.corrupt("nothing could be decoded") }
        return .done(tally)
    }

    private func share(of seconds: Double, _ position: Int64) -> Double {
        if let duration = plan.duration, duration > 0 { return min(1, seconds / duration) }
        return plan.bytes > 0 ? min(1, Double(position) / Double(plan.bytes)) : 0
    }

    private func tally(
        _ video: VideoTrack?, _ audio: AudioTrack?, _ packets: Int64, _ cutShort: Bool
    ) -> Tally {
        var tally = Tally()
        var damaged: Int64 = 0
        if let video {
            tally.frames = video.decoded
            tally.seconds = video.end
            damaged += video.damaged
        }
        if let audio {
            tally.seconds = max(tally.seconds, audio.end)
            damaged += audio.damaged
            if audio.decoded == 0 { tally.warnings.append(.audioDropped) }
        }
        if plan.structure == .truncated { tally.warnings.append(.truncated) }
        if plan.structure != .truncated && (damaged > 0 || cutShort) { tally.warnings.append(.damaged) }
        if plan.video.map({ $0.transfer != .standard }) == true { tally.warnings.append(.toneMapped) }
        return tally
    }

    /// A file that is cut off is worth its result from one second on; a damaged one while half of it decodes.
    private func checkWorth(
        _ tally: Tally, _ video: VideoTrack?, _ audio: AudioTrack?, packets: Int64
    ) throws(OperationFailure) {
        let isCut = plan.structure == .truncated
        if isCut && tally.seconds < 1 { throw .truncated }
        if let video {
            if video.decoded == 0 { throw isCut ? .truncated : .corrupt("no picture of \(packets) packets decodes") }
            if video.damaged * 2 > packets { throw .corrupt("\(video.damaged) of \(packets) packets are damaged") }
        } else if let audio, audio.decoded == 0 {
            throw isCut ? .truncated : .corrupt("no sound decodes")
        }
    }
}

extension VideoRequest {
    /// What is let in: the common formats, with the request's limits.
    var policy: InputPolicy {
        // A decoder's rows and columns are rounded up to its blocks; the size in the headers is checked exactly.
        InputPolicy(
            maxStreams: limits.maxStreams, maxPixels: limits.maxFramePixels + limits.maxFramePixels / 16 + 65_536)
    }
}
