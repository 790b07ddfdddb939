import Foundation

/// `timestamptz` in the ISO style with the session's zone at UTC: `2026-01-31 12:00:00.25+00`.
enum TimestampText {
    static func format(_ date: Date) -> String {
        let micros = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
        let seconds = floorDivide(micros, 1_000_000)
        let days = floorDivide(seconds, 86_400)
        let clock = seconds - days * 86_400
        let (year, month, day) = civil(fromDays: days)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let fraction = String(String(1_000_000 + (micros - seconds * 1_000_000)).dropFirst())
        let years = String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
        return "\(years)-\(two(month))-\(two(day)) \(two(clock / 3_600)):\(two(clock / 60 % 60)):\(two(clock % 60))"
            + ".\(fraction)+00"
    }

    static func parse(_ text: String) -> Date? {
        var rest = Substring(text).utf8
        func number(until stop: UInt8?) -> Int64? {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard !digits.isEmpty, let value = Int64(Substring(digits)) else { return nil }
            rest = rest.dropFirst(digits.count)
            if let stop { guard rest.popFirst() == stop else { return nil } }
            return value
        }
        guard let year = number(until: UInt8(ascii: "-")), let month = number(until: UInt8(ascii: "-")),
            let day = number(until: UInt8(ascii: " ")), let hour = number(until: UInt8(ascii: ":")),
            let minute = number(until: UInt8(ascii: ":")), let second = number(until: nil)
        else { return nil }
        var micros: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let start = rest.count
            guard let fraction = number(until: nil), case let places = start - rest.count, places <= 6 else {
                return nil
            }
            micros = (places..<6).reduce(fraction) { value, _ in value * 10 }
        }
        guard rest.elementsEqual("+00".utf8) else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        return Date(timeIntervalSince1970: Double(seconds) + Double(micros) / 1_000_000)
    }

    // Howard Hinnant's civil calendar arithmetic (chrono-compatible low-level date algorithms).
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let z = days + 719_468
        let era = floorDivide(z, 146_097)
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = floorDivide(y, 400)
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        a >= 0 ? a / b : -((b - 1 - a) / b)
    }
}

/// `bytea` in the hex style: `\x00ff`.
enum HexText {
    static func format(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return "\\x" + String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func parse(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0, digits.starts(with: "\\x".utf8) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2 - 1)
        for at in stride(from: 2, to: digits.count, by: 2) {
            guard let high = value(digits[at]), let low = value(digits[at + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// One-dimensional arrays of text: `{a,"b c",NULL}`.
enum ArrayText {
    static func format(_ values: [String]) -> String {
        let quoted = values.map { value in
            "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        return "{" + quoted.joined(separator: ",") + "}"
    }

    static func parse(_ text: String) -> [String]? {
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}"), bytes.count >= 2 else { return nil }
        var values: [String] = []
        var at = 1
        let end = bytes.count - 1
        while at < end {
            var element: [UInt8] = []
            if bytes[at] == UInt8(ascii: "\"") {
                at += 1
                while at < end, bytes[at] != UInt8(ascii: "\"") {
                    if bytes[at] == UInt8(ascii: "\\") { at += 1 }
                    element.append(bytes[at])
                    at += 1
                }
                at += 1
            } else {
                while at < end, bytes[at] != UInt8(ascii: ",") {
                    guard bytes[at] != UInt8(ascii: "{") else { return nil }
                    element.append(bytes[at])
                    at += 1
                }
                guard element != Array("NULL".utf8) else { return nil }
            }
            values.append(String(decoding: element, as: UTF8.self))
            guard at >= end || bytes[at] == UInt8(ascii: ",") else { return nil }
            at += 1
        }
        return values
    }
}
