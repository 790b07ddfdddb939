import Foundation
import Model

/// Reads the members of a JSON object strictly: a wrong or unknown one is refused by its name.
struct Fields {
    private let members: [String: JSONValue]
    /// In front of each name: `options.`, `jobs[3].`.
    private let prefix: String

    /// - Parameter known: every name that is allowed.
    init(_ value: JSONValue, at place: String = "", known: [String]) throws {
        guard case .object(let members) = value else {
            if place.isEmpty { throw Problem.malformed("The body must be a JSON object.") }
            throw Problem.invalid(place, "“\(place)” must be a JSON object.")
        }
        prefix = place.isEmpty ? "" : place + "."
        if let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw Problem.invalid(
                prefix + Self.shown(unknown), "There is no member “\(prefix + Self.shown(unknown))”.",
                allowed: known.joined(separator: ", "))
        }
        self.members = members
    }

    /// The value; JSON null counts as absent.
    subscript(_ name: String) -> JSONValue? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    func place(_ name: String) -> String { prefix + name }

    func required(_ name: String) throws -> JSONValue {
        guard let value = members[name] else { throw wrong(name, "is required") }
        return value
    }

    func text(_ name: String, bytes: ClosedRange<Int>) throws -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string, bytes.contains(text.utf8.count), !text.utf8.contains(0) else {
            throw wrong(name, "must be a string of \(bytes.lowerBound) to \(bytes.upperBound) bytes")
        }
        return text
    }

    func requiredText(_ name: String, bytes: ClosedRange<Int>) throws -> String {
        guard let text = try text(name, bytes: bytes) else { throw wrong(name, "is required") }
        return text
    }

    func choice<T: CaseIterable & RawRepresentable<String>>(_ name: String, of type: T.Type) throws -> T? {
        guard let value = self[name] else { return nil }
        guard let text = value.string, let choice = T(rawValue: text) else {
            throw wrong(name, "is none of those allowed", allowed: T.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    func int(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw wrong(
                name, "must be a whole number", allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// RFC 3339 text, or milliseconds since 1970.
    func time(_ name: String) throws -> Date? {
        guard let value = self[name] else { return nil }
        if let ms = value.int, (0...253_402_300_799_999).contains(ms) {
            return Date(timeIntervalSince1970: Double(ms) / 1000)
        }
        guard let date = value.string.flatMap({ RFC3339.parse($0) }) else {
            throw wrong(name, "is no time", allowed: "an RFC 3339 time or milliseconds since 1970")
        }
        return date
    }

    func texts(_ name: String, count: Int, bytes: ClosedRange<Int>) throws -> [String]? {
        guard let value = self[name] else { return nil }
        guard let elements = value.array, elements.count <= count else {
            throw wrong(name, "must be an array of at most \(count) strings")
        }
        return try elements.enumerated().map { index, element in
            guard let text = element.string, bytes.contains(text.utf8.count), !text.utf8.contains(0) else {
                throw wrong("\(name)[\(index)]", "must be a string of \(bytes.lowerBound) to \(bytes.upperBound) bytes")
            }
            return text
        }
    }

    func wrong(_ name: String, _ why: String, allowed: String? = nil) -> Problem {
        .invalid(prefix + name, "“\(prefix + name)” \(why).", allowed: allowed)
    }

    /// A stranger's text, short enough and without control characters, to be named in an answer.
    static func shown(_ text: String) -> String {
        String(text.unicodeScalars.prefix(64).map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : Character($0) })
    }
}
