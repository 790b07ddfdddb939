internal import CFFmpeg

/// Why a call into FFmpeg failed: whose fault it was, a code to match on, and a short text for a log.
public struct FFmpegError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Not one of the containers that the policy allows, judged by its content.
        case unsupportedFormat = "unsupported_format"
        /// A stream's codec is unknown or not allowed.
        case unsupportedCodec = "unsupported_codec"
        /// The bytes break the rules of their format, or a stream has nothing to decode.
        case invalidData = "invalid_data"
        /// The input announces more than the policy allows (pixels, streams, samples).
        case limit
        case outOfMemory = "out_of_memory"
        /// Reading or writing a descriptor failed.
        case io
        case cancelled
        /// An option, a filter chain or an encoder setting is wrong: ours.
        case setting
    }

    public enum Fault: String, Sendable, Hashable {
        /// The file: it will fail every time.
        case input
        /// Memory or disk of this machine: another attempt may work.
        case machine
        /// Whoever called with wrong settings.
        case caller
        /// It was asked to stop.
        case nobody
    }

    public let code: Code
    /// What was being done: `open`, `decode h264`.
    public let operation: String
    /// FFmpeg's own (negative) code, 0 where this wrapper found the fault.
    public let status: Int32
    /// At most 200 characters, without file content.
    public let text: String

    public init(_ code: Code, _ operation: String, _ text: String, status: Int32 = 0) {
        self.code = code
        self.operation = operation
        self.status = status
        self.text = String(text.prefix(200))
    }

    public var fault: Fault {
        switch code {
        case .unsupportedFormat, .unsupportedCodec, .invalidData, .limit: .input
        case .outOfMemory, .io: .machine
        case .setting: .caller
        case .cancelled: .nobody
        }
    }

    public var description: String { "\(operation): \(text) (\(code.rawValue))" }
}

extension FFmpegError {
    /// - Parameter otherwise: the code for a status that has no clear meaning of its own.
    init(status: Int32, _ operation: String, otherwise: Code) {
        let code: Code =
            switch status {
            case -ENOMEM: .outOfMemory
            case -ENOSPC, -EFBIG, -EDQUOT, -EIO, -EBADF: .io
            case cff_err_exit(): .cancelled
            case cff_err_invalid_data(), cff_err_eof(), cff_err_patch_welcome(): .invalidData
            case cff_err_decoder_not_found(): .unsupportedCodec
            case cff_err_demuxer_not_found(): .unsupportedFormat
            default: otherwise
            }
        self.init(code, operation, Self.text(of: status), status: status)
    }

    private static func text(of status: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress else { return "error \(status)" }
            start.initialize(repeating: 0, count: 128)
            av_strerror(status, start, 128)
            return String(cString: start)
        }
    }
}

/// Throws when a call answered with a negative status; otherwise hands the status on.
@discardableResult
func check(
    _ status: Int32, _ operation: @autoclosure () -> String, otherwise: FFmpegError.Code = .setting
) throws(FFmpegError) -> Int32 {
    if status < 0 { throw FFmpegError(status: status, operation(), otherwise: otherwise) }
    return status
}

/// Unwraps what FFmpeg allocated.
func allocated<T>(_ pointer: T?, _ operation: @autoclosure () -> String) throws(FFmpegError) -> T {
    guard let pointer else { throw FFmpegError(.outOfMemory, operation(), "no memory", status: -ENOMEM) }
    return pointer
}
