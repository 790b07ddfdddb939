/// Keeps secrets out of what is logged or shown: credentials in URLs, bearer tokens, values of telling names.
public enum Redaction {
    private static let tellingNames = [
        "password", "passwd", "secret", "token", "authorization", "api_key", "apikey", "cookie",
        "credential",
    ]

    /// The text without `user:password@` after `://` and without what follows `Bearer `.
    public static func text(_ text: String) -> String {
        guard text.contains("://") || text.contains("earer ") else { return text }
        var result = ""
        var rest = Substring(text)
        while let mark = firstMark(in: rest) {
            result += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            let end = rest.firstIndex { $0.isWhitespace || "/?#\"'".contains($0) } ?? rest.endIndex
            if rest.base[mark].hasSuffix("://") {
                guard let at = rest[..<end].lastIndex(of: "@") else { continue }
                result += "***"
                rest = rest[at...]
            } else {
                let end = rest.firstIndex { $0.isWhitespace || "\"',".contains($0) } ?? rest.endIndex
                result += "***"
                rest = rest[end...]
            }
        }
        return result + rest
    }

    /// A value as it may be shown beside its name.
    public static func value(_ value: String, key: String) -> String {
        let key = key.lowercased()
        return tellingNames.contains { key.contains($0) } ? "***" : text(value)
    }

    private static func firstMark(in text: Substring) -> Range<Substring.Index>? {
        let marks = ["://", "Bearer ", "bearer "]
        var index = text.startIndex
        while index < text.endIndex {
            for mark in marks where text[index...].hasPrefix(mark) {
                return index..<text.index(index, offsetBy: mark.count)
            }
            index = text.index(after: index)
        }
        return nil
    }
}
