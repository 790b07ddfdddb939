import Glibc
import Logging

/// Turns a log event into one line of text that a hostile value can neither break nor flood.
enum LogFormatting {
    static let maxMessageBytes = 4096
    static let maxValueBytes = 2048
    static let maxFields = 64
    static let reserved: Set<String> = ["ts", "level", "msg", "service"]

    /// `{"ts":…,"level":…,"msg":…,"service":…,…}` and a newline. A metadata key that is one of these four gets `meta.`
    /// in front.
    static func json(_ event: LogEvent, service: String, metadata: Logger.Metadata, at time: timespec)
        -> [UInt8]
    {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        func field(_ name: String, _ value: String, limit: Int = maxValueBytes, first: Bool = false) {
            line.append(UInt8(ascii: first ? "{" : ","))
            appendQuoted(name, limit: 128, to: &line)
            line.append(UInt8(ascii: ":"))
            appendQuoted(value, limit: limit, to: &line)
        }
        field("ts", timestamp(time), first: true)
        field("level", event.level.rawValue)
        field("msg", Redaction.text(event.message.description), limit: maxMessageBytes)
        field("service", service)
        for (key, value) in flatten(metadata) {
            field(reserved.contains(key) ? "meta.\(key)" : key, value)
        }
        line.append(UInt8(ascii: "}"))
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// `12:00:00.250 info  message  key=value …` and a newline, for people.
    static func text(_ event: LogEvent, service: String, metadata: Logger.Metadata, at time: timespec)
        -> [UInt8]
    {
        let level = event.level.rawValue
        let clock = timestamp(time).dropFirst(11).dropLast()
        var line = Array(
            "\(clock) \(level)\(String(repeating: " ", count: max(0, 8 - level.utf8.count))) ".utf8)
        line += Array("\(service): ".utf8)
        appendEscaped(Redaction.text(event.message.description), limit: maxMessageBytes, to: &line)
        for (key, value) in flatten(metadata) {
            line.append(UInt8(ascii: " "))
            appendEscaped(key, limit: 128, to: &line)
            line.append(UInt8(ascii: "="))
            if value.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\"") }) {
                appendQuoted(value, limit: maxValueBytes, to: &line)
            } else {
                appendEscaped(value, limit: maxValueBytes, to: &line)
            }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Nested dictionaries become `outer.inner`, arrays `[a, b]`; sorted by key, at most ``maxFields``.
    static func flatten(_ metadata: Logger.Metadata) -> [(key: String, value: String)] {
        var fields: [(key: String, value: String)] = []
        func add(_ key: String, _ value: Logger.MetadataValue, depth: Int) {
            guard fields.count < maxFields else { return }
            if case .dictionary(let members) = value, depth < 4 {
                for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                    add("\(key).\(name)", member, depth: depth + 1)
                }
            } else {
                fields.append((key, Redaction.value(value.description, key: key)))
            }
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { add(key, value, depth: 0) }
        return fields
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(_ time: timespec) -> String {
        var seconds = time.tv_sec
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let ms = time.tv_nsec / 1_000_000
        let padded = ms < 10 ? "00\(ms)" : ms < 100 ? "0\(ms)" : "\(ms)"
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(padded)Z"
    }

    private static let hex = Array("0123456789abcdef".utf8)

    /// A JSON string (RFC 8259 §7), cut at `limit` bytes on a character border with `…` in the cut's place.
    static func appendQuoted(_ text: String, limit: Int, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in cut(text, limit: limit).utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
            case 0x0A: line += Array("\\n".utf8)
            case 0x0D: line += Array("\\r".utf8)
            case 0x09: line += Array("\\t".utf8)
            case 0..<0x20, 0x7F: line += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// Plain text with every control character, so also a terminal's escape sequences, written out.
    static func appendEscaped(_ text: String, limit: Int, to line: inout [UInt8]) {
        for scalar in cut(text, limit: limit).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                line += Array("\\u{\(String(scalar.value, radix: 16))}".utf8)
            default: line += Array(String(scalar).utf8)
            }
        }
    }

    private static func cut(_ text: String, limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end]) + "…"
    }
}
