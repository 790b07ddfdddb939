public import FFmpeg
import Glibc
public import Model

/// How far a compression is.
public struct VideoProgress: Sendable, Hashable {
    public enum Stage: String, Sendable, Hashable { case encode, remux, verify }

    public var stage: Stage
    /// 0…100, never less than before.
    public var percent: Double
}

/// Makes a film or sound file small enough for the web: one file in, an MP4 and a poster out.
///
/// The rules, in this order:
/// 1. The first suitable film and sound (those marked as default before others) become H.264 and AAC stereo, upright,
///    inside the box, with the index in front and without metadata. Sound alone becomes an M4A.
/// 2. The result is never larger than the input. If it would be, H.264/AAC inside the box is copied instead
///    (``VideoResult/remuxed``); if that is no gain either, it is encoded again to nine tenths of the input's size; and
///    if nothing helps, the input itself is the result, unless it names a place.
/// 3. A file that is cut off gives what can be played of it, with the warning `truncated`, from one second on; less is
///    refused as `truncated`. Pictures that do not decode are left out (`damaged`), up to half of them.
public enum VideoCompressor {
    /// - Parameters:
    ///   - input: open for reading; its own offset is neither used nor moved.
    ///   - output: open for reading and writing; what it held is lost.
    ///   - poster: the same; needed only where `request.spec.posterLongSide` is set. Stays empty for sound alone.
    ///   - progress: called on the same thread, at most once a packet.
    /// - Throws: ``OperationFailure``: `empty_file`, `unsupported_format`, `unsupported_codec`, `no_media`, `truncated`,
    ///   `corrupt`, `pixel_limit`, `duration_limit`, `frame_limit`, `stream_limit` (the file's fault), `out_of_memory`,
    ///   `no_space`, `io_error`, `cancelled`, `internal_error`.
    /// - Complexity: as long as decoding and encoding take; a second pass only where rule 2 asks for one.
    public static func compress(
        _ request: VideoRequest, input: Int32, output: Int32, poster: Int32? = nil,
        cancellation: Cancellation = Cancellation(), progress: (VideoProgress) -> Void = { _ in }
    ) throws(OperationFailure) -> VideoResult {
        FFmpegLibrary.setLog(.quiet)
        let bytes = try OutputFile.size(input)
        guard bytes > 0 else { throw .empty }
        let structure = FileStructure.examine(descriptor: input, size: bytes)
        // A still in an MP4-like container (HEIC, AVIF) is a picture, not a film of one frame.
        guard OutputFile.type(input).family != .image else { throw .notAFilm }
        do {
            let plan = try makePlan(request, input, bytes, structure, cancellation)
            var job = Job(plan: plan, input: input, output: output, cancellation: cancellation)
            return try job.run(poster: poster, report: progress)
        } catch let failure as OperationFailure {
            throw failure
        } catch let error as FFmpegError {
            throw OperationFailure(error, structure: structure)
        } catch {
            throw OperationFailure(
                .internal, code: OperationFailure.Code.internalError, message: "The video could not be processed.",
                detail: "\(error)")
        }
    }

    private static func makePlan(
        _ request: VideoRequest, _ input: Int32, _ bytes: Int64, _ structure: FileStructure,
        _ cancellation: Cancellation
    ) throws -> SourcePlan {
        let demuxer = try Demuxer.open(descriptor: input, policy: request.policy, cancellation: cancellation)
        return try SourcePlan(demuxer, bytes: bytes, structure: structure, request: request)
    }
}

/// One compression from its plan to its facts.
private struct Job {
    let plan: SourcePlan
    let input: Int32
    let output: Int32
    let cancellation: Cancellation
    private var percent = -1.0

    init(plan: SourcePlan, input: Int32, output: Int32, cancellation: Cancellation) {
        self.plan = plan
        self.input = input
        self.output = output
        self.cancellation = cancellation
    }

    private enum Way { case encoded, remuxed, kept }

    mutating func run(poster: Int32?, report: (VideoProgress) -> Void) throws -> VideoResult {
        let spec = plan.request.spec
        var picker = PosterPicker(isWanted: poster != nil && spec.posterLongSide != nil && plan.video != nil)
        rise(to: 0, .encode, report)
        let (tally, way) = try produce(&picker, report)
        rise(to: 98, .verify, report)
        var variants = [try videoFacts(way)]
        if let poster, let longSide = spec.posterLongSide {
            try OutputFile.clear(poster)
            if let size = try picker.write(to: poster, longSide: longSide) {
                variants.append(try facts("poster", .jpeg, poster, size, kept: false))
            }
        }
        let written = try readBack()
        rise(to: 100, .verify, report)
        return VideoResult(
            variants: variants, width: plan.geometry?.sourceWidth ?? 0, height: plan.geometry?.sourceHeight ?? 0,
            durationMs: Int64((tally.seconds * 1000).rounded()), frames: tally.frames,
            videoCodec: plan.video?.codec, audioCodec: plan.audio?.codec, remuxed: way == .remuxed, output: written,
            warnings: way == .encoded ? tally.warnings : tally.warnings.filter { $0 != .toneMapped })
    }

    /// The rules of ``VideoCompressor``.
    private mutating func produce(
        _ poster: inout PosterPicker, _ report: (VideoProgress) -> Void
    ) throws -> (Tally, Way) {
        let spec = plan.request.spec
        // A bound from the start saves a second pass where a first without one might come out larger.
        let rates = plan.isSpare ? Rates(wanted: spec, fitting: plan, share: 0.95) : Rates(wanted: spec)
        var tally = try encode(rates, sizeLimit: plan.bytes, &poster, report)
        if let tally { return (tally, .encoded) }
        if plan.canRemux {
            rise(to: 97, .remux, report)
            let copied = try Remux(plan: plan, cancellation: cancellation).run(input: input, output: output)
            if try OutputFile.size(output) <= plan.bytes { return (copied, .remuxed) }
        }
        let share = plan.canRemux ? 0.9 : 0.75
        let limit = plan.hasLocation ? Int64.max : plan.bytes
        tally = try encode(Rates(wanted: spec, fitting: plan, share: share), sizeLimit: limit, &poster, report)
        if let tally { return (tally, .encoded) }
        try OutputFile.copy(from: input, to: output, cancellation: cancellation)
        return (Tally(frames: plan.video?.frames ?? 0, seconds: plan.duration ?? 0), .kept)
    }

    /// - Returns: nil when the result is not smaller than `sizeLimit`.
    private mutating func encode(
        _ rates: Rates, sizeLimit: Int64, _ poster: inout PosterPicker, _ report: (VideoProgress) -> Void
    ) throws -> Tally? {
        let pass = Transcode(plan: plan, rates: rates, sizeLimit: sizeLimit, cancellation: cancellation)
        let outcome = try pass.run(input: input, output: output, poster: &poster) { share in
            rise(to: share * 97, .encode, report)
        }
        guard case .done(let tally) = outcome, try OutputFile.size(output) < sizeLimit else { return nil }
        return tally
    }

    /// A second pass stands still until it is beyond the first.
    private mutating func rise(to percent: Double, _ stage: VideoProgress.Stage, _ report: (VideoProgress) -> Void) {
        guard percent > self.percent else { return }
        self.percent = percent
        report(VideoProgress(stage: stage, percent: percent))
    }

    private func videoFacts(_ way: Way) throws -> VariantFacts {
        let size = plan.geometry.map { geometry in
            way == .kept ? (geometry.sourceWidth, geometry.sourceHeight) : (geometry.width, geometry.height)
        }
        var type = plan.video == nil ? MediaType.m4a : .mp4
        if way == .kept { type = OutputFile.type(output) }
        return try facts("video", type, output, size ?? (0, 0), kept: way != .encoded)
    }

    private func facts(
        _ name: String, _ type: MediaType, _ descriptor: Int32, _ size: (width: Int, height: Int), kept: Bool
    ) throws -> VariantFacts {
        let sums = try OutputFile.checksums(descriptor, cancellation: cancellation)
        return VariantFacts(
            name: name, format: type == .jpeg ? "jpeg" : type.fileExtension,
            mimeType: type.rawValue, width: size.width, height: size.height, bytes: sums.bytes, sha256: sums.sha256,
            crc32: sums.crc32, keptOriginal: kept)
    }

    /// Opens the result as any player would: what is reported is what is there.
    private func readBack() throws -> VideoOutputFacts {
        let demuxer: Demuxer
        do {
            demuxer = try Demuxer.open(descriptor: output, policy: plan.request.policy, cancellation: cancellation)
        } catch {
            if error.code == .cancelled { throw error }
            throw OperationFailure(
                .internal, code: OperationFailure.Code.internalError, message: "The result cannot be read.",
                detail: error.description)
        }
        let video = demuxer.streams.first { $0.kind == .video && !$0.isAttachedPicture }
        let audio = demuxer.streams.first { $0.kind == .audio }
        return VideoOutputFacts(
            durationMs: Int64(((demuxer.duration?.inSeconds ?? 0) * 1000).rounded()), frames: video?.frames ?? 0,
            videoCodec: video?.codec, audioCodec: audio?.codec)
    }
}
