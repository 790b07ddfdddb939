/// Why a media operation could not be done, as a helper reports it.
public struct OperationFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    public enum Fault: String, Sendable, Hashable, Codable {
        /// The file is at fault: it will fail every time.
        case input
        /// Memory, disk or time ran out.
        case resource
        /// Ours.
        case `internal`
    }

    public var fault: Fault
    /// Lower snake case, stable; one of ``Code`` or a finer one.
    public var code: String
    /// A sentence that a person who uploaded the file understands.
    public var message: String
    /// For the log: what the library said, bounded, without file content.
    public var detail: String?

    public init(_ fault: Fault, code: String, message: String, detail: String? = nil) {
        self.fault = fault
        self.code = code
        self.message = message
        self.detail = detail.map { String($0.prefix(1000)) }
    }

    public var description: String { "\(code): \(message)" }

    /// The codes that several operations share.
    public enum Code {
        public static let empty = "empty_file"
        public static let truncated = "truncated"
        public static let corrupt = "corrupt"
        public static let unsupported = "unsupported_format"
        public static let pixelLimit = "pixel_limit"
        public static let frameLimit = "frame_limit"
        public static let durationLimit = "duration_limit"
        public static let outOfMemory = "out_of_memory"
        public static let timedOut = "timed_out"
        public static let crashed = "decoder_crashed"
        public static let noSpace = "no_space"
        public static let internalError = "internal_error"
    }
}
