import FFmpeg
import Model

/// The film: decoded, made upright and small enough, encoded as H.264 or HEVC.
final class VideoTrack {
    private let info: StreamInfo
    private let geometry: Geometry
    private let plan: SourcePlan
    private let rates: Rates
    private let decoder: Decoder
    private let frame: Frame
    private let filtered: Frame
    private let packet: Packet
    private let cancellation: Cancellation
    private var graph: FilterGraph?
    private var encoder: Encoder?
    private var track: Int?
    private var clock: FrameClock
    /// How long each frame inside the encoder is shown, by its time: the encoders give packets no duration.
    private var durations: [Int64: Int64] = [:]

    private(set) var decoded: Int64 = 0
    private(set) var damaged: Int64 = 0
    /// Where the last decoded frame ends, in seconds.
    private(set) var end = 0.0

    init(
        _ demuxer: borrowing Demuxer, _ info: StreamInfo, _ geometry: Geometry, plan: SourcePlan, rates: Rates,
        cancellation: Cancellation
    ) throws {
        self.info = info
        self.geometry = geometry
        self.plan = plan
        self.rates = rates
        self.cancellation = cancellation
        decoder = try Decoder.open(demuxer, stream: info.index, threads: plan.request.threads)
        frame = try Frame()
        filtered = try Frame()
        packet = try Packet()
        clock = FrameClock(
            timeBase: info.timeBase, startMicroseconds: plan.startMicroseconds, frameRate: info.frameRate,
            maxRate: plan.thinsFrames ? Double(plan.request.spec.maxFrameRate) : nil)
    }

    func feed(_ input: borrowing Packet, into output: inout Output, poster: inout PosterPicker) throws {
        do {
            try decoder.send(input)
        } catch {
            guard error.code == .invalidData else { throw error }
            damaged += 1
        }
        try drainDecoder(into: &output, poster: &poster)
    }

    func finish(into output: inout Output, poster: inout PosterPicker) throws {
        // With several threads the last packets' errors show only here.
        do {
            try decoder.sendEnd()
        } catch {
            guard error.code == .invalidData else { throw error }
            damaged += 1
        }
        try drainDecoder(into: &output, poster: &poster)
        try closeGraph(into: &output, poster: &poster)
        try encoder?.sendEnd()
        try drainEncoder(into: &output)
    }

    private func drainDecoder(into output: inout Output, poster: inout PosterPicker) throws {
        while true {
            try cancellation.check("decode")
            do {
                guard try decoder.receive(into: frame) else { return }
            } catch {
                guard error.code == .invalidData else { throw error }
                damaged += 1
                continue
            }
            decoded += 1
            try plan.checkFrames(decoded)
            guard let placed = clock.place(frame.bestTimestamp, duration: frame.duration) else { continue }
            end = max(end, info.timeBase.seconds(placed.timestamp + placed.duration))
            try plan.checkDuration(end)
            frame.setTimestamp(placed.timestamp, duration: placed.duration)
            try filter(into: &output, poster: &poster)
        }
    }

    private func filter(into output: inout Output, poster: inout PosterPicker) throws {
        let shape = frame.shape
        if let known = graph?.shape, known != shape { try closeGraph(into: &output, poster: &poster) }
        if graph == nil {
            graph = try FilterGraph.make(
                geometry.chain(for: shape, transfer: info.transfer), for: shape, timeBase: info.timeBase,
                threads: plan.request.threads)
        }
        try graph?.send(frame)
        try drainGraph(into: &output, poster: &poster)
    }

    /// A film may change its size or format on the way: the next frame gets a new graph with the same way out.
    private func closeGraph(into output: inout Output, poster: inout PosterPicker) throws {
        try graph?.sendEnd()
        try drainGraph(into: &output, poster: &poster)
        graph = nil
    }

    private func drainGraph(into output: inout Output, poster: inout PosterPicker) throws {
        while try graph?.receive(into: filtered) == true {
            try cancellation.check("encode")
            if encoder == nil {
                let made = try makeEncoder(globalHeader: output.wantsGlobalHeader)
                track = try output.add(made)
                encoder = consume made
            }
            let timestamp = filtered.timestamp ?? 0
            try poster.consider(filtered, seconds: info.timeBase.seconds(timestamp))
            filtered.clearPictureType()
            durations[timestamp] = filtered.duration
            try encoder?.send(filtered)
            try drainEncoder(into: &output)
        }
    }

    private func drainEncoder(into output: inout Output) throws {
        while try encoder?.receive(into: packet) == true {
            guard let track else { continue }
            if let timestamp = packet.timestamp, let duration = durations.removeValue(forKey: timestamp) {
                packet.setDuration(duration)
            }
            try output.write(packet, track: track, timeBase: info.timeBase)
        }
    }

    private func makeEncoder(globalHeader: Bool) throws -> Encoder {
        let spec = plan.request.spec
        var options = [("preset", spec.preset), ("crf", "\(spec.crf)")]
        let name: String
        switch spec.codec {
        case .h264:
            name = "libx264"
            options.append(("profile", "high"))
        case .hevc:
            name = "libx265"
            // By itself it starts a pool of threads for every core, and tells its version and settings in the file.
            let own = "pools=\(max(1, plan.request.threads)):info=0:log-level=error"
            options += [("profile", "main"), ("x265-params", own)]
        }
        if let video = rates.video {
            options.append(("maxrate", "\(video.limit)"))
            options.append(("bufsize", "\(Int(Double(video.limit) * video.window))"))
        }
        let rate = plan.thinsFrames ? Double(spec.maxFrameRate) : info.frameRate
        return try Encoder.open(
            name, like: filtered, timeBase: info.timeBase, frameRate: rate, globalHeader: globalHeader,
            threads: plan.request.threads, options: options)
    }
}
