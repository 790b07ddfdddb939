/// Why a picture could not be classified. It is never the picture's fault.
public struct ClassifierError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Equatable {
        /// Not readable, or no ONNX model of the expected shape: fetch it again.
        case badModel
        case outOfMemory
        /// The pixels handed over are not as many as the model takes.
        case badInput
        case internalFailure
    }

    public var code: Code
    /// For logs: what the library said, in at most 500 characters.
    public var detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = String(detail.prefix(500))
    }

    public var description: String { "\(code.rawValue): \(detail)" }
}
