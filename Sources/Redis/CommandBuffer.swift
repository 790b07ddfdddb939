/// One argument of a command: text, bytes or a number, encoded without copies in between.
public enum RedisArgument: Sendable, Hashable {
    case text(String)
    case bytes([UInt8])
    case int(Int64)

    public static func int(_ value: Int) -> RedisArgument { .int(Int64(value)) }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
}

/// Commands in Redis' wire format (RESP arrays of bulk strings), one behind the other, ready to be written at once.
public struct CommandBuffer: Sendable {
    public private(set) var bytes: [UInt8] = []
    /// How many commands, hence replies.
    public private(set) var count = 0

    public init() {}

    public init(_ arguments: [RedisArgument]) { append(arguments) }

    public var isEmpty: Bool { count == 0 }

    public mutating func append(_ arguments: [RedisArgument]) {
        begin(argumentCount: arguments.count)
        for argument in arguments { add(argument) }
    }

    public mutating func append(_ arguments: RedisArgument...) { append(arguments) }

    /// Starts a command whose `argumentCount` arguments, its name included, are added next.
    public mutating func begin(argumentCount: Int) {
        count += 1
        bytes.append(UInt8(ascii: "*"))
        appendDecimal(Int64(argumentCount))
        endLine()
    }

    public mutating func add(_ argument: RedisArgument) {
        switch argument {
        case .text(let text): add(text)
        case .bytes(let bytes): add(bytes)
        case .int(let value): add(value)
        }
    }

    public mutating func add(_ text: String) {
        header(length: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
        endLine()
    }

    public mutating func add(_ value: [UInt8]) {
        header(length: value.count)
        bytes.append(contentsOf: value)
        endLine()
    }

    public mutating func add(_ value: Int64) {
        var digits = 1
        var rest = value.magnitude
        while rest >= 10 {
            digits += 1
            rest /= 10
        }
        header(length: value < 0 ? digits + 1 : digits)
        appendDecimal(value)
        endLine()
    }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity < 1 << 20)
        count = 0
    }

    private mutating func header(length: Int) {
        bytes.append(UInt8(ascii: "$"))
        appendDecimal(Int64(length))
        endLine()
    }

    private mutating func endLine() {
        bytes.append(13)
        bytes.append(10)
    }

    private mutating func appendDecimal(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        if rest < 10 { return bytes.append(UInt8(ascii: "0") + UInt8(rest)) }
        let start = bytes.count
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }
}
