import Catalog
import Foundation
import HTTPTypes
import HummingbirdCore
import Model

/// The query of a request, each parameter at most once and all of them known.
struct Query {
    private var values: [String: String] = [:]

    init(_ call: Call, known: [String]) throws {
        let target = call.request.head.path ?? ""
        guard let mark = target.firstIndex(of: "?") else { return }
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = String(parts[0]).removingPercentEncoding,
                let value = parts.count > 1
                    ? parts[1].replacing("+", with: " ").removingPercentEncoding : "", !value.utf8.contains(0)
            else { throw Problem.malformed("The query is not percent-encoded as it should be.") }
            guard known.contains(name) else {
                throw Problem.invalid(
                    Fields.shown(name), "There is no query parameter “\(Fields.shown(name))” here.",
                    allowed: known.isEmpty ? "none" : known.joined(separator: ", "))
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Problem.invalid(name, "The query parameter “\(name)” is given twice.")
            }
        }
    }

    subscript(_ name: String) -> String? { values[name] }

    /// Items a page: 1…200, 50 by default.
    func limit() throws -> Int {
        guard let text = values["limit"] else { return 50 }
        guard let limit = Int(text), (1...200).contains(limit) else {
            throw Problem.invalid("limit", "“limit” must be a whole number.", allowed: "1 to 200")
        }
        return limit
    }

    func choice<T: CaseIterable & RawRepresentable<String>>(_ name: String, of type: T.Type) throws -> T? {
        guard let text = values[name] else { return nil }
        guard let choice = T(rawValue: text) else {
            throw Problem.invalid(
                name, "“\(name)” is none of those allowed.",
                allowed: T.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    func cursor() throws -> PageCursor? {
        guard let text = values["cursor"] else { return nil }
        guard let plain = OpaqueText.decode(text), let cursor = PageCursor(plain) else { throw Self.badCursor }
        return cursor
    }

    static let badCursor = Problem.invalid(
        "cursor", "This cursor was not given out here.", allowed: "the next_cursor of a page")
}

/// Text that clients hand back without looking into it: base64url without padding.
enum OpaqueText {
    static func encode(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }

    static func decode(_ text: String) -> String? {
        guard text.utf8.count <= 1024 else { return nil }
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        return Data(base64Encoded: base64).flatMap { String(data: $0, encoding: .utf8) }
    }
}

extension CatalogPage {
    /// `{"items":[…],"next_cursor":null}`
    func json(_ item: (Item) throws -> JSONValue) rethrows -> JSONValue {
        .object([
            "items": .array(try items.map(item)),
            "next_cursor": next.map { .string(OpaqueText.encode($0.description)) } ?? .null,
        ])
    }
}
