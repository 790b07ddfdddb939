/// A number of bytes.
public struct Bytes: Sendable, Hashable, Comparable, Codable {
    public var count: Int64

    public init(_ count: Int64) { self.count = count }

    public static func kib(_ n: Int64) -> Bytes { Bytes(n << 10) }
    public static func mib(_ n: Int64) -> Bytes { Bytes(n << 20) }
    public static func gib(_ n: Int64) -> Bytes { Bytes(n << 30) }

    public static func < (a: Bytes, b: Bytes) -> Bool { a.count < b.count }

    public init(from decoder: any Decoder) throws { count = try decoder.singleValueContainer().decode(Int64.self) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }
}

extension Bytes: CustomStringConvertible {
    /// `980 B`, `1.5 MiB`: for people.
    public var description: String {
        var value = Double(count)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if abs(value) < 1024 || unit == "GiB" {
                let tenths = (value * 10).rounded() / 10
                return unit == "B" || tenths == tenths.rounded() ? "\(Int64(tenths)) \(unit)" : "\(tenths) \(unit)"
            }
            value /= 1024
        }
        return "\(count) B"
    }
}
