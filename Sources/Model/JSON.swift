public import Foundation

/// The one way JSON is written and read: sorted keys (deterministic bytes), no escaped slashes, RFC 3339 dates in UTC.
public enum JSON {
    public static func encode<T: Encodable>(_ value: T) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(RFC3339.format(date))
        }
        return [UInt8](try encoder.encode(value))
    }

    public static func string<T: Encodable>(_ value: T) throws -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }

    public static func decode<T: Decodable>(_ type: T.Type, from bytes: some Sequence<UInt8>) throws -> T {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = RFC3339.parse(text) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "“\(text.prefix(40))” is not an RFC 3339 time")
            }
            return date
        }
        return try decoder.decode(type, from: Data(bytes))
    }

    public static func decode<T: Decodable>(_ type: T.Type, from text: String) throws -> T {
        try decode(type, from: text.utf8)
    }
}

extension JSONValue {
    /// Any encodable value as a JSON tree.
    public init<T: Encodable>(encoding value: T) throws {
        self = try JSON.decode(JSONValue.self, from: try JSON.encode(value))
    }

    /// Reads the tree as a typed value.
    public func decode<T: Decodable>(as type: T.Type) throws -> T {
        try JSON.decode(type, from: try JSON.encode(self))
    }
}

/// Times on the wire: RFC 3339 in UTC with milliseconds, `2026-01-31T12:00:00.250Z`.
public enum RFC3339 {
    private static let withFraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let whole = Date.ISO8601FormatStyle()

    public static func format(_ date: Date) -> String { date.formatted(withFraction) }

    public static func parse(_ text: String) -> Date? {
        (try? withFraction.parse(text)) ?? (try? whole.parse(text))
    }
}
