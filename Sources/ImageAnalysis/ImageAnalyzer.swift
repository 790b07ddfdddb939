internal import Glibc
internal import ImageDecoding
public import Model
internal import Vips

/// Finds the facts of one picture after the other.
///
/// Made before the process gives up its rights; analysing needs neither the file system nor a network.
public struct ImageAnalyzer: Sendable {
    /// The longer side of the one decoding that all measures share, in pixels.
    static let decodedSide = 512

    private let labels: any LabelProvider

    /// Loads the embedded model.
    ///
    /// - Parameter model: the ONNX file that `scripts/fetch-label-model.sh` makes.
    /// - Throws: ``OperationFailure`` with `internal_error` or `out_of_memory`.
    public init(model: [UInt8]) throws(OperationFailure) {
        try self.init(labels: EmbeddedLabels(model: model))
    }

    /// Loads the embedded model from a file, which is not needed afterwards.
    ///
    /// - Throws: ``OperationFailure`` with `no_label_model` where there is no such file, else as ``init(model:)``.
    public static func load(modelFile path: String) throws(OperationFailure) -> ImageAnalyzer {
        guard let bytes = read(path) else {
            throw OperationFailure(
                .internal, code: "no_label_model", message: "The label model cannot be read.",
                detail: "\(path): \(String(cString: strerror(errno)))")
        }
        return try ImageAnalyzer(model: bytes)
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, (0...maxModelBytes).contains(status.st_size) else { return nil }
        return [UInt8](unsafeUninitializedCapacity: status.st_size) { buffer, count in
            while count < buffer.count {
                let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
                guard got > 0 else { break }
                count += got
            }
        }
    }

    private static let maxModelBytes = 256 << 20

    /// Takes the labels from a provider of one's own.
    public init(labels: any LabelProvider) throws(OperationFailure) {
        try asOperation { () throws(VipsError) in try VipsLibrary.start() }
        self.labels = labels
    }

    /// Analyses one picture: its header, its EXIF facts, and what one decoding at 512 pixels shows. Of an animation the
    /// first frame counts.
    ///
    /// - Parameters:
    ///   - descriptor: a seekable file; it stays the caller's.
    ///   - progress: 0…100 with the stage's name: `decode`, `measure`, `labels`; on the calling thread.
    /// - Throws: ``OperationFailure``: `empty_file`, `unsupported_format`, `truncated`, `corrupt`, `pixel_limit`,
    ///   `frame_limit` (the file's fault), `out_of_memory`, `internal_error`.
    /// - Complexity: one decoding; at most about 4 bytes a pixel for formats that cannot be shrunk while decoding.
    public func analyze(
        descriptor: Int32, request: AnalyzeRequest,
        progress: (_ percent: Double, _ stage: String) -> Void = { _, _ in }
    ) throws(OperationFailure) -> AnalysisReport {
        progress(0, "decode")
        let source = try asOperation { () throws(VipsError) in
            try VipsSource.open(descriptor: descriptor, limits: DecodingLimits(request.limits))
        }
        let header = source.header
        let image = try asOperation { () throws(VipsError) in
            try source.decode(maxWidth: Self.decodedSide, maxHeight: Self.decodedSide)
        }
        progress(60, "measure")
        let measures = try asOperation { () throws(VipsError) in try Measures(image) }
        progress(70, "labels")
        let description = try labels.describe(image)
        let seen = description.labels.filter { $0.score >= request.minLabelScore }
        let upright = header.uprightSize
        progress(100, "labels")
        return AnalysisReport(
            width: upright.width, height: upright.height, orientation: header.orientation, frames: header.frames,
            hasAlpha: header.hasAlpha, camera: Self.camera(source.block(.exif), request), labels: seen,
            text: description.text, caption: description.caption,
            altText: AltText.make(labels: seen, colors: measures.colors), colors: measures.colors,
            sharpness: measures.sharpness, phash: PerceptualHash.text(measures.hash),
            thumbhash: measures.thumbHash, provider: labels.name)
    }

    private static func camera(_ block: [UInt8]?, _ request: AnalyzeRequest) -> CameraFacts? {
        guard let block else { return nil }
        let exif = Exif(block)
        let place = request.includesLocation ? exif.place : nil
        guard exif.make != nil || exif.model != nil || exif.takenAt != nil || place != nil else { return nil }
        return CameraFacts(
            make: exif.make, model: exif.model, takenAt: exif.takenAt, latitude: place?.latitude,
            longitude: place?.longitude)
    }
}
