internal import Foundation

/// A file name that is safe to create, to send and to put into a ZIP on every system.
///
/// Unicode normalisation form C; 1…255 bytes of UTF-8; no control, invisible, bidirectional or separating character, none
/// of `< > : " / \ | ? *`; no leading dot, dash or space, no trailing dot or space; no Windows device name. So it is
/// one path component, and never `.` or `..`.
public struct FileName: Sendable, Hashable, CustomStringConvertible {
    /// The limit of most file systems, in bytes.
    public static let maxBytes = 255

    public let value: String

    /// Takes the name as it is, or says what is wrong with it.
    public init(validating name: String) throws(FileNameError) {
        if let flaw = Self.flaw(of: name) { throw flaw }
        value = name
    }

    init(unchecked name: String) { value = name }

    public var description: String { value }

    /// The name without its extension: `archive.tar` of `archive.tar.gz`.
    public var stem: String { String(Self.split(value).stem) }

    /// What follows the last dot, without it; empty when there is none.
    public var pathExtension: String { String(Self.split(value).pathExtension) }

    /// The first rule that a name breaks.
    static func flaw(of name: String) -> FileNameError? {
        guard let first = name.unicodeScalars.first, let last = name.unicodeScalars.last else { return .empty }
        guard name.utf8.count <= maxBytes else { return .tooLong(bytes: name.utf8.count) }
        if let bad = name.unicodeScalars.first(where: isForbidden) { return .forbiddenCharacter(bad) }
        if isMark(first) { return .forbiddenCharacter(first) }
        // Swift's == ignores normalisation: compare the bytes.
        guard name.utf8.elementsEqual(composed(name).utf8) else { return .notComposed }
        if isDot(first) { return .leadingDot }
        if isDash(first) { return .leadingDash }
        if first.properties.isWhitespace { return .leadingSpace }
        if isDot(last) || last.properties.isWhitespace { return .trailingDotOrSpace }
        return deviceName(in: name).map(FileNameError.reservedName)
    }

    static func composed(_ text: String) -> String { text.precomposedStringWithCanonicalMapping }

    /// Splits at the last dot. A dot at the start or the end divides nothing.
    static func split(_ name: some StringProtocol) -> (stem: Substring, pathExtension: Substring) {
        let name = Substring(name)
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex, name.index(after: dot) < name.endIndex else {
            return (name, "")
        }
        return (name[..<dot], name[name.index(after: dot)...])
    }

    // MARK: Characters

    /// Characters that no part of a name may have.
    static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        if reservedCharacters.contains(scalar) { return true }
        switch scalar.properties.generalCategory {
        // Format (Cf) has the bidirectional, zero-width, soft-hyphen and tag characters.
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: return true
        default:
            return scalar.properties.isNoncharacterCodePoint
                || scalar.properties.isDefaultIgnorableCodePoint
                    && !isVariationSelector(scalar)
        }
    }

    /// Characters that change the one before them, and so cannot be the first.
    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Those of Windows, and what looks like a path separator or becomes one in older code pages.
    static let reservedCharacters: Set<Unicode.Scalar> = [
        "<", ">", ":", "\"", "/", "\\", "|", "?", "*", "\u{2044}", "\u{2215}", "\u{2216}", "\u{29F8}", "\u{29F9}",
        "\u{FF0F}", "\u{FF3C}", "\u{FE68}",
    ]

    /// Emoji need them, and they hide nothing.
    private static func isVariationSelector(_ scalar: Unicode.Scalar) -> Bool {
        (0xFE0E...0xFE0F).contains(scalar.value)
    }

    static func isDot(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar == "\u{2024}" || scalar == "\u{2025}" || scalar == "\u{FE52}" || scalar == "\u{FF0E}"
    }

    static func isDash(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isDash || scalar == "\u{FF0D}" }

    /// The device that Windows sees in a name: it looks at what stands before the first dot, in any case, without
    /// trailing spaces. Source: Microsoft, "Naming Files, Paths, and Namespaces".
    static func deviceName(in name: String) -> String? {
        // By scalars: a mark after the dot makes it another Character, but not another name to Windows.
        let head = name.unicodeScalars.prefix { $0 != "." && $0 != ":" }
        let stem = String(String.UnicodeScalarView(head.reversed().drop { $0 == " " }.reversed()))
        let upper = stem.uppercased()
        if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(upper) { return stem }
        guard upper.hasPrefix("COM") || upper.hasPrefix("LPT") else { return nil }
        let number = upper.dropFirst(3)
        return number.count == 1 && "0123456789¹²³".contains(number) ? stem : nil
    }
}

extension FileName: Codable {
    public init(from decoder: any Decoder) throws {
        self = try FileName(validating: decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
