/// Makes of any text the lines that a job's log takes.
public enum LogLine {
    /// Bytes of UTF-8 that a line has at most, the `…` of a shortened one included.
    public static let maxBytes = 1_000
    /// Lines that one attempt may send; one more then says that there were others.
    public static let maxPerAttempt = 200

    /// One for each line of the text, at most as many as an attempt may send and one more; empty ones are left out.
    ///
    /// Control characters and those that change the direction of text become spaces.
    public static func lines(of text: String) -> [String] {
        text.unicodeScalars.lazy.split(maxSplits: maxPerAttempt * 4, whereSeparator: { isLineEnd($0) })
            .prefix(maxPerAttempt + 1)
            .compactMap { clean($0) }
    }

    private static func clean(_ text: some Sequence<Unicode.Scalar>) -> String? {
        var line = ""
        var bytes = 0
        var visible = 0
        for scalar in text {
            let scalar = isHarmless(scalar) ? scalar : " "
            if bytes == 0 && scalar == " " { continue }
            bytes += UTF8.width(scalar)
            if bytes > maxBytes {
                while line.utf8.count > maxBytes - 3 { line.unicodeScalars.removeLast() }
                return line + "…"
            }
            line.unicodeScalars.append(scalar)
            if scalar != " " { visible = line.utf8.count }
        }
        return visible == 0 ? nil : String(decoding: line.utf8.prefix(visible), as: UTF8.self)
    }

    private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: false
        default: true
        }
    }
}
