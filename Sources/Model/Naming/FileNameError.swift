/// What is wrong with a file name that a person gave.
public enum FileNameError: Error, Sendable, Hashable, CustomStringConvertible {
    case empty
    /// The name's length in UTF-8.
    case tooLong(bytes: Int)
    /// Not in Unicode's composed form: the same name in other bytes.
    case notComposed
    /// A control, an invisible or text-turning character, or one that some file system reserves.
    case forbiddenCharacter(Unicode.Scalar)
    /// A device on Windows, whatever the extension: `con`, `LPT1.txt`.
    case reservedName(String)
    case leadingDot
    case leadingDash
    case leadingSpace
    case trailingDotOrSpace

    public var description: String {
        switch self {
        case .empty: "A file name must not be empty."
        case .tooLong(let bytes): "A file name may have \(FileName.maxBytes) bytes; this one has \(bytes)."
        case .notComposed: "The file name is not in Unicode normalisation form C."
        case .forbiddenCharacter(let scalar):
            "A file name must not contain \(Self.shown(scalar))."
        case .reservedName(let name): "The name \(name) is reserved on Windows."
        case .leadingDot: "A file name must not start with a dot."
        case .leadingDash: "A file name must not start with a dash."
        case .leadingSpace: "A file name must not start with a space."
        case .trailingDotOrSpace: "A file name must not end with a dot or a space."
        }
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7F ? "“\(scalar)”" : code
    }
}
