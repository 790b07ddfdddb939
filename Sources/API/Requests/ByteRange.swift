import HTTPTypes

/// Which bytes of a representation a request wants (RFC 9110 §14).
enum ByteRange: Hashable {
    /// All of them: no `Range`, one in another unit, or several ranges, which a server may ignore.
    case whole
    case part(Range<Int64>)
    case unsatisfiable

    /// - Parameters:
    ///   - length: of the whole representation in bytes.
    ///   - etag: the representation's strong ETag; a different `If-Range` asks for the whole.
    init(_ headers: HTTPFields, length: Int64, etag: String) {
        guard let header = headers[.range] else {
            self = .whole
            return
        }
        // A date never equals a strong validator here, so it also means the whole.
        if let condition = headers[.ifRange], condition != etag {
            self = .whole
            return
        }
        self = Self.parse(header, length: length)
    }

    static func parse(_ header: String, length: Int64) -> ByteRange {
        let parts = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes", !parts[1].contains(",") else { return .whole }
        let ends = parts[1].filter { $0 != " " && $0 != "\t" }.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return .whole
        }
        // Numbers too large for 64 bits lie behind the end like any other.
        func number(_ text: Substring) -> Int64 { Int64(text) ?? .max }
        switch (ends[0].isEmpty, ends[1].isEmpty) {
        case (true, true): return .whole
        case (true, false):
            let count = min(number(ends[1]), length)
            return count == 0 ? .unsatisfiable : .part(length - count..<length)
        case (false, true):
            let first = number(ends[0])
            return first < length ? .part(first..<length) : .unsatisfiable
        case (false, false):
            let first = number(ends[0])
            let last = number(ends[1])
            guard first <= last else { return .whole }
            return first < length ? .part(first..<min(last, length - 1) + 1) : .unsatisfiable
        }
    }
}

/// Entity tags in conditional requests (RFC 9110 §13.1).
enum EntityTags {
    /// Whether `If-None-Match` names this tag, weakly compared, or any with `*`.
    static func noneMatchFails(_ headers: HTTPFields, etag: String) -> Bool {
        let values = headers[values: .ifNoneMatch]
        guard !values.isEmpty else { return false }
        return list(values).contains { $0 == "*" || strong($0) == strong(etag) }
    }

    /// Whether `If-Match` names other tags only, strongly compared.
    static func matchFails(_ headers: HTTPFields, etag: String) -> Bool {
        let values = headers[values: .ifMatch]
        guard !values.isEmpty else { return false }
        return !list(values).contains { $0 == "*" || $0 == etag }
    }

    private static func list(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",") }.map { $0.trimmingPrefix { $0 == " " || $0 == "\t" } }
            .map { String($0.reversed().trimmingPrefix { $0 == " " || $0 == "\t" }.reversed()) }
    }

    private static func strong(_ tag: String) -> String { tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag }
}
