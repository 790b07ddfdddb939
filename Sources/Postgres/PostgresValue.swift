public import Foundation

/// One parameter of a statement. The server infers the type from the statement; write a cast where it cannot.
public enum PostgresValue: Sendable, Hashable {
    case null
    case text(String)
    case int(Int64)
    case bool(Bool)
    case double(Double)
    case uuid(UUID)
    /// `timestamptz`, rounded to microseconds.
    case date(Date)
    /// `json` or `jsonb`: the text of a JSON document.
    case json(String)
    /// `bytea`.
    case bytes([UInt8])
    case textArray([String])
    case uuidArray([UUID])
    case intArray([Int64])

    public static func int(_ value: Int) -> PostgresValue { .int(Int64(value)) }
    public static func optional(_ value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }
    public static func optional(_ value: UUID?) -> PostgresValue { value.map { .uuid($0) } ?? .null }
    public static func optional(_ value: Date?) -> PostgresValue { value.map { .date($0) } ?? .null }
    public static func optional(_ value: Int64?) -> PostgresValue { value.map { .int($0) } ?? .null }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
}

extension PostgresValue {
    /// The value in the server's text form, or nil for null.
    ///
    /// - Throws: ``PostgresError`` `.unstorableValue` for text with a NUL, written out or as `\u0000` in JSON.
    func wireText(position: Int) throws(PostgresError) -> String? {
        let text: String
        switch self {
        case .null: return nil
        case .text(let value): text = value
        case .json(let value):
            text = value
            if JSONText.escapesNUL(value) {
                throw PostgresError(
                    .unstorableValue(position: position), "parameter \(position) has a NUL character inside its JSON")
            }
        case .int(let value): return String(value)
        case .bool(let value): return value ? "t" : "f"
        case .double(let value):
            return value.isFinite ? "\(value)" : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
        case .uuid(let value): return value.uuidString
        case .date(let value): return TimestampText.format(value)
        case .bytes(let value): return HexText.format(value)
        case .textArray(let values): text = ArrayText.format(values)
        case .uuidArray(let values): return "{" + values.map(\.uuidString).joined(separator: ",") + "}"
        case .intArray(let values): return "{" + values.map { String($0) }.joined(separator: ",") + "}"
        }
        guard !text.utf8.contains(0) else {
            throw PostgresError(
                .unstorableValue(position: position), "parameter \(position) has a NUL byte, which text cannot hold")
        }
        return text
    }
}

enum JSONText {
    /// Whether a JSON text has `\u0000` in a string; `\\u0000` is a backslash followed by plain letters.
    static func escapesNUL(_ json: String) -> Bool {
        var backslashes = 0
        var rest = Substring(json).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\") {
                backslashes += 1
            } else {
                if byte == UInt8(ascii: "u"), backslashes % 2 == 1, rest.prefix(4).elementsEqual("0000".utf8) {
                    return true
                }
                backslashes = 0
            }
        }
        return false
    }
}
