import Glibc

/// What the terminal can do, and writing to it.
enum Terminal {
    /// Whether standard output is a terminal that can move its cursor.
    static var isInteractive: Bool {
        guard isatty(STDOUT_FILENO) == 1 else { return false }
        return getenv("TERM").map { String(cString: $0) != "dumb" } ?? false
    }

    static var columns: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 100 }
        return Int(size.ws_col)
    }

    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func line(_ text: String) { write(text + "\n") }

    static func complain(_ text: String) { write("flotilla: \(text)\n", to: STDERR_FILENO) }

    /// Text from elsewhere, fit for a terminal: no control characters, no direction tricks, at most `width` columns.
    static func tamed(_ text: String, width: Int = 200) -> String {
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator:
                kept.append("\u{FFFD}")
            default: kept.append(scalar)
            }
        }
        let text = String(kept)
        return text.count <= width ? text : String(text.prefix(max(1, width - 1))) + "…"
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(written)
        }
    }
}
