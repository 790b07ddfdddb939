internal import CHiredis

/// One reply. Bulk strings are bytes; Redis does not know text.
public enum RedisValue: Sendable, Hashable {
    case null
    case integer(Int64)
    /// A simple string, such as `OK`.
    case status(String)
    case bytes([UInt8])
    case array([RedisValue])
    /// An error inside a pipeline or an array.
    case error(RedisError)

    public var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    /// The bytes as text; broken UTF-8 is replaced.
    public var string: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let value): String(value)
        default: nil
        }
    }

    /// An integer reply, or a bulk string that is one.
    public var int: Int64? {
        switch self {
        case .integer(let value): value
        case .bytes(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    public var array: [RedisValue]? { if case .array(let values) = self { values } else { nil } }

    public var isNull: Bool { self == .null }

    /// The value, or its error thrown.
    public func get() throws(RedisError) -> RedisValue {
        if case .error(let error) = self { throw error }
        return self
    }

    /// A flat array of field, value, field, value …, as `HGETALL` answers.
    public var pairs: [String: RedisValue] {
        guard let values = array else { return [:] }
        var result: [String: RedisValue] = [:]
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            if let field = values[index].string { result[field] = values[index + 1] }
        }
        return result
    }
}

extension RedisValue {
    init(copying reply: UnsafeMutablePointer<redisReply>) {
        let count = Int(reply.pointee.len)
        switch reply.pointee.type {
        case REDIS_REPLY_INTEGER: self = .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING: self = .bytes(Self.copy(reply.pointee.str, count))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: Self.copy(reply.pointee.str, count), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            self = .error(RedisError(reply: String(decoding: Self.copy(reply.pointee.str, count), as: UTF8.self)))
        case REDIS_REPLY_ARRAY:
            var values: [RedisValue] = []
            values.reserveCapacity(Int(reply.pointee.elements))
            for index in 0..<Int(reply.pointee.elements) {
                if let element = reply.pointee.element[index] { values.append(RedisValue(copying: element)) }
            }
            self = .array(values)
        default: self = .null
        }
    }

    private static func copy(_ start: UnsafeMutablePointer<CChar>?, _ count: Int) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}
