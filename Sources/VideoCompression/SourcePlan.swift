import FFmpeg
import Model

/// What an input is, which of its streams are used, and what is wanted of them; made before anything is decoded.
struct SourcePlan {
    let format: String
    let bytes: Int64
    let structure: FileStructure
    let video: StreamInfo?
    let audio: StreamInfo?
    let geometry: Geometry?
    /// Seconds; nil where the container does not say.
    let duration: Double?
    let startMicroseconds: Int64
    /// The container or a stream names a place.
    let hasLocation: Bool
    let request: VideoRequest

    /// Refuses from the headers what is over a limit or has nothing to play.
    init(
        _ demuxer: borrowing Demuxer, bytes: Int64, structure: FileStructure, request: VideoRequest
    ) throws(OperationFailure) {
        let videos = demuxer.streams.filter { $0.kind == .video && !$0.isAttachedPicture }
        let audios = demuxer.streams.filter { $0.kind == .audio }
        video = Self.pick(videos.filter { $0.isDecodable && $0.width > 0 && $0.height > 0 })
        audio = Self.pick(audios.filter { $0.isDecodable && $0.sampleRate > 0 && $0.channels > 0 })
        if let first = videos.first, video == nil {
            guard first.isDecodable else {
                throw OperationFailure(
                    FFmpegError(.unsupportedCodec, "open", "no decoder for \(first.codec)"), structure: structure)
            }
            throw structure == .truncated ? .truncated : .corrupt("no picture size for \(first.codec)")
        }
        guard video != nil || audio != nil else {
            throw structure == .truncated ? .truncated : .noStreams
        }
        format = demuxer.format
        self.bytes = bytes
        self.structure = structure
        self.request = request
        startMicroseconds = demuxer.startMicroseconds
        hasLocation = demuxer.metadataKeys.contains { $0.contains("location") || $0.contains("gps") }
        let streams = [video?.duration, audio?.duration].compactMap { $0?.inSeconds }
        duration = streams.max() ?? demuxer.duration?.inSeconds
        geometry = video.map { video in
            Geometry(
                stored: (video.width, video.height), pixelAspect: video.pixelAspect, orientation: video.orientation,
                maxLongSide: request.spec.maxLongSide, maxShortSide: request.spec.maxShortSide)
        }
        try checkLimits()
    }

    /// The first that the container marks as default, or else the first.
    private static func pick(_ streams: [StreamInfo]) -> StreamInfo? {
        streams.first { $0.isDefault } ?? streams.first
    }

    private func checkLimits() throws(OperationFailure) {
        let limits = request.limits
        if let video, Int64(video.width) * Int64(video.height) > limits.maxFramePixels {
            throw OperationFailure(
                .input, code: OperationFailure.Code.pixelLimit,
                message: "The picture is larger than \(limits.maxFramePixels / 1_000_000) megapixels.",
                detail: "\(video.width)x\(video.height)")
        }
        if let duration { try checkDuration(duration) }
        if let video { try checkFrames(video.frames) }
    }

    func checkDuration(_ seconds: Double) throws(OperationFailure) {
        guard seconds * 1000 > Double(request.limits.maxDurationMs) else { return }
        throw OperationFailure(
            .input, code: OperationFailure.Code.durationLimit,
            message: "The video is longer than \(request.limits.maxDurationMs / 60_000) minutes.")
    }

    func checkFrames(_ frames: Int64) throws(OperationFailure) {
        guard frames > request.limits.maxFrames else { return }
        throw OperationFailure(
            .input, code: OperationFailure.Code.frameLimit,
            message: "The video has more than \(request.limits.maxFrames) pictures.")
    }

    /// The film has more frames a second than wanted: they are thinned out.
    var thinsFrames: Bool {
        guard let rate = video?.frameRate else { return false }
        return rate > Double(request.spec.maxFrameRate) * 1.05
    }

    /// An encoding with a constant rate factor alone may come out larger than the input, and there is nothing to copy.
    ///
    /// From experience x264 takes up to 0.15 bits a pixel at factor 23.
    var isSpare: Bool {
        guard !canRemux else { return false }
        guard let video, let geometry, let duration, duration > 0 else { return true }
        let rate = min(video.frameRate ?? 30, Double(request.spec.maxFrameRate))
        let pixels = Double(geometry.width * geometry.height) * rate * duration
        return Double(bytes) * 8 < 0.15 * pixels
    }

    /// The streams may be copied as they are: of the wanted codec, in a profile that its players know, inside the box,
    /// upright, with AAC or no sound, from a container that keeps them the way MP4 does.
    var canRemux: Bool {
        guard structure != .truncated, format.hasPrefix("mov,") || format.hasPrefix("matroska") else { return false }
        if let video {
            let codec = request.spec.codec
            let profiles = codec == .h264 ? ["Baseline", "Constrained Baseline", "Main", "High"] : ["Main"]
            guard let geometry, geometry.isIdentity, video.codec == codec.rawValue, !thinsFrames,
                ["yuv420p", "yuvj420p"].contains(video.pixelFormat), video.transfer == .standard,
                profiles.contains(video.profile ?? "")
            else { return false }
        }
        if let audio { return audio.codec == "aac" && audio.profile == "LC" && audio.channels <= 2 }
        return true
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
