public import Foundation

/// A Swift type that a column can be read as.
public protocol PostgresDecodable {
    /// Reads the server's text form; nil when it is not one of this type.
    static func decode(postgresText text: String) -> Self?
    /// What SQL's null is read as; nil when this type has no such value.
    static var postgresNull: Self? { get }
}

extension PostgresDecodable {
    public static var postgresNull: Self? { nil }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public static func decode(postgresText text: String) -> Wrapped?? {
        Wrapped.decode(postgresText: text).map { .some($0) }
    }
    public static var postgresNull: Wrapped?? { .some(.none) }
}

/// `text`, and any other type in the server's text form (`json` and `jsonb` too).
extension String: PostgresDecodable {
    public static func decode(postgresText text: String) -> String? { text }
}

extension Int64: PostgresDecodable {
    public static func decode(postgresText text: String) -> Int64? { Int64(text) }
}

extension Int: PostgresDecodable {
    public static func decode(postgresText text: String) -> Int? { Int(text) }
}

extension UInt32: PostgresDecodable {
    public static func decode(postgresText text: String) -> UInt32? { UInt32(text) }
}

extension Bool: PostgresDecodable {
    public static func decode(postgresText text: String) -> Bool? {
        switch text {
        case "t": true
        case "f": false
        default: nil
        }
    }
}

extension Double: PostgresDecodable {
    public static func decode(postgresText text: String) -> Double? { Double(text) }
}

extension UUID: PostgresDecodable {
    public static func decode(postgresText text: String) -> UUID? { UUID(uuidString: text) }
}

/// `timestamptz`; infinity has no `Date`.
extension Date: PostgresDecodable {
    public static func decode(postgresText text: String) -> Date? { TimestampText.parse(text) }
}

/// `text[]` (of String, without nulls inside) and `bytea` (of UInt8).
extension Array: PostgresDecodable where Element: PostgresArrayElement {
    public static func decode(postgresText text: String) -> [Element]? { Element.decodeArray(postgresText: text) }
}

/// What an array column can be made of.
public protocol PostgresArrayElement {
    static func decodeArray(postgresText text: String) -> [Self]?
}

extension String: PostgresArrayElement {
    public static func decodeArray(postgresText text: String) -> [String]? { ArrayText.parse(text) }
}

extension UInt8: PostgresArrayElement {
    public static func decodeArray(postgresText text: String) -> [UInt8]? { HexText.parse(text) }
}
