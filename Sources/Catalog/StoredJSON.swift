import Model
import Postgres

/// JSON to and from columns.
enum StoredJSON {
    /// Facts of ours (reports, receipts): NUL characters, which `jsonb` cannot hold, are dropped from strings.
    static func facts<T: Encodable>(_ value: T?) throws -> PostgresValue {
        guard let value else { return .null }
        return .json(try JSON.string(withoutNULs(try JSONValue(encoding: value))))
    }

    static func read<T: Decodable>(_ type: T.Type, _ text: String?) throws -> T? {
        try text.map { try JSON.decode(type, from: $0) }
    }

    private static func withoutNULs(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text.utf8.contains(0) ? text.filter { $0 != "\0" } : text)
        case .array(let elements): .array(elements.map(withoutNULs))
        case .object(let members):
            .object(
                Dictionary(
                    members.map { ($0.key.filter { $0 != "\0" }, withoutNULs($0.value)) },
                    uniquingKeysWith: { first, _ in first }))
        default: value
        }
    }
}
