internal import CClassifier

/// An image classification network, run on the calling thread with OpenCV.
///
/// Everything it needs is in memory once it is loaded: no file is opened and no thread started afterwards, so that a
/// sandbox may be closed around it.
public struct Classifier: ~Copyable {
    /// Width and height of the input in pixels.
    public let side: Int
    /// The length of what ``probabilities(rgb:)`` returns.
    public let classes: Int
    private let handle: OpaquePointer

    private init(adopting handle: OpaquePointer, side: Int, classes: Int) {
        self.handle = handle
        self.side = side
        self.classes = classes
    }

    deinit { cclassifier_free(handle) }

    /// Reads a model and runs it once.
    ///
    /// - Parameters:
    ///   - model: an ONNX file with one input, float32 NCHW RGB of (pixel − 127) / 128, and one logit a class as output.
    ///     Not needed afterwards.
    ///   - side: width and height of the input in pixels, 1…1024.
    /// - Throws: ``ClassifierError`` with `.badModel` or `.outOfMemory`.
    public static func load(model: [UInt8], side: Int = 224) throws(ClassifierError) -> Classifier {
        guard (1...1024).contains(side) else { throw ClassifierError(.badModel, "an input of \(side) pixels") }
        guard !model.isEmpty else { throw ClassifierError(.badModel, "the model has no bytes") }
        var handle: OpaquePointer?
        var classes = 0
        try reporting { reason, capacity in
            model.withUnsafeBytes {
                cclassifier_load($0.baseAddress, $0.count, Int32(side), &handle, &classes, reason, capacity)
            }
        }
        guard let handle else { throw ClassifierError(.internalFailure, "no classifier and no reason") }
        return Classifier(adopting: handle, side: side, classes: classes)
    }

    /// Runs the network on one picture.
    ///
    /// - Parameter rgb: `side * side * 3` bytes, sRGB, rows without padding.
    /// - Returns: one probability a class, in the model's order; their sum is 1.
    /// - Throws: ``ClassifierError`` with `.badInput`, `.outOfMemory` or `.internalFailure`.
    public mutating func probabilities(rgb: [UInt8]) throws(ClassifierError) -> [Double] {
        guard rgb.count == side * side * 3 else {
            throw ClassifierError(.badInput, "\(rgb.count) bytes instead of \(side * side * 3)")
        }
        var logits = [Float](repeating: 0, count: classes)
        let handle = self.handle
        try Self.reporting { reason, capacity in
            logits.withUnsafeMutableBufferPointer { cclassifier_run(handle, rgb, $0.baseAddress, reason, capacity) }
        }
        return softmax(logits)
    }

    private static func reporting(
        _ call: (UnsafeMutablePointer<CChar>?, Int) -> Int32
    ) throws(ClassifierError) {
        var reason = [CChar](repeating: 0, count: 500)
        let status = reason.withUnsafeMutableBufferPointer { call($0.baseAddress, $0.count) }
        guard status != 0 else { return }
        let code: ClassifierError.Code =
            switch Int(status) {
            case CCLASSIFIER_BAD_MODEL: .badModel
            case CCLASSIFIER_OUT_OF_MEMORY: .outOfMemory
            default: .internalFailure
            }
        let text = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        throw ClassifierError(code, text)
    }
}

// @unchecked: OpenCV binds a network to no thread, and only `mutating` methods touch it, so callers take turns.
extension Classifier: @unchecked Sendable {}
