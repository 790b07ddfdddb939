internal import CFFmpeg

/// What is set once for the whole process.
public enum FFmpegLibrary {
    /// How much the library writes to standard error.
    public enum LogLevel: Sendable {
        /// Nothing: what a hostile file says belongs in no log; errors are thrown with a bounded text.
        case quiet
        /// Errors only, for people at a terminal.
        case errors
    }

    public static func setLog(_ level: LogLevel) {
        av_log_set_level(level == .quiet ? AV_LOG_QUIET : AV_LOG_ERROR)
    }

    /// `59.37.100`: libavcodec's version as it runs.
    public static var codecVersion: String {
        let version = avcodec_version()
        return "\(version >> 16).\(version >> 8 & 0xff).\(version & 0xff)"
    }
}
