import FFmpeg
import Glibc
import Model

extension OperationFailure {
    static let cancelledCode = "cancelled"

    static let empty = OperationFailure(.input, code: Code.empty, message: "The file is empty.")

    static let truncated = OperationFailure(
        .input, code: Code.truncated,
        message: "The file ends before its content does, so it cannot be played. Upload it again.")

    static let notAFilm = OperationFailure(
        .input, code: Code.unsupported, message: "The file is not a video or sound file that can be read.")

    static let noStreams = OperationFailure(
        .input, code: "no_media", message: "The file has neither pictures nor sound that can be played.")

    static func corrupt(_ detail: String) -> OperationFailure {
        OperationFailure(
            .input, code: Code.corrupt, message: "The file is damaged and cannot be played.", detail: detail)
    }

    /// What an error of the media library means to the person who uploaded the file.
    ///
    /// - Parameter structure: of the input, as a container that is cut off can fail in many ways.
    init(_ error: FFmpegError, structure: FileStructure) {
        let detail = error.description
        switch error.code {
        case .invalidData where structure == .truncated:
            self = .truncated
            self.detail = detail
        case .invalidData where error.operation != "open" || structure == .whole:
            self = .corrupt(detail)
        case .unsupportedFormat, .invalidData:
            self.init(
                .input, code: Code.unsupported, message: "The file is not a video or sound file that can be read.",
                detail: detail)
        case .unsupportedCodec:
            self.init(
                .input, code: "unsupported_codec", message: "The video is coded in a way that is not supported.",
                detail: detail)
        case .limit:
            self.init(.input, code: "stream_limit", message: "The file has too many streams.", detail: detail)
        case .outOfMemory:
            self.init(
                .resource, code: Code.outOfMemory, message: "There was not enough memory for this video.",
                detail: detail)
        case .io where [-ENOSPC, -EDQUOT, -EFBIG].contains(error.status):
            self.init(.resource, code: Code.noSpace, message: "There is no room for the result.", detail: detail)
        case .io:
            self.init(
                .resource, code: "io_error", message: "Reading or writing the file failed.", detail: detail)
        case .cancelled:
            self.init(.resource, code: Self.cancelledCode, message: "The work was cancelled.")
        case .setting:
            self.init(
                .internal, code: Code.internalError, message: "The video could not be processed.", detail: detail)
        }
    }
}
