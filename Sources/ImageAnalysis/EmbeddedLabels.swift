internal import Classifier
internal import ImageDecoding
public import Model
internal import Synchronization
public import Vips

/// Labels by a network in this process: EfficientNet-Lite0 with the 1000 classes of ImageNet.
///
/// Source of its input's shape: centre crop of 87.5 %, 224 × 224 pixels (Google, EfficientNet-Lite).
public final class EmbeddedLabels: LabelProvider {
    public let name = "embedded/efficientnet-lite0"
    private let classifier: Mutex<Classifier>
    private let vocabulary: LabelVocabulary
    private let minScore: Double

    /// Words below this score are not worth storing.
    public static let minScore = 0.02

    /// Reads the model. To be called before the file system is closed to the process.
    ///
    /// - Parameters:
    ///   - model: the ONNX file that `scripts/fetch-label-model.sh` makes.
    /// - Throws: ``OperationFailure`` with `internal_error` or `out_of_memory`.
    public init(model: [UInt8]) throws(OperationFailure) {
        let loaded = try asOperation { () throws(ClassifierError) in try Classifier.load(model: model) }
        let vocabulary = LabelVocabulary.imageNet
        guard loaded.classes == vocabulary.count else {
            throw OperationFailure(
                ClassifierError(.badModel, "\(loaded.classes) classes, \(vocabulary.count) lines of words"))
        }
        classifier = Mutex(loaded)
        self.vocabulary = vocabulary
        minScore = Self.minScore
    }

    public func describe(_ image: borrowing VipsImage) throws(OperationFailure) -> PictureDescription {
        let pixels = try asOperation { () throws(VipsError) in try Self.input(image) }
        let probabilities = try asOperation { () throws(ClassifierError) in
            try classifier.withLock { (classifier) throws(ClassifierError) in
                try classifier.probabilities(rgb: pixels)
            }
        }
        return PictureDescription(labels: vocabulary.labels(probabilities, minScore: minScore))
    }

    private static func input(_ image: borrowing VipsImage) throws(VipsError) -> [UInt8] {
        let side = max(1, min(image.width, image.height) * 7 / 8)
        let crop = try image.cropped(
            left: (image.width - side) / 2, top: (image.height - side) / 2, width: side, height: side)
        return try crop.stretched(width: 224, height: 224).rgbPixels()
    }
}
