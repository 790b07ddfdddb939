/// Where a Redis server listens and how to sign in: `redis://[user][:password]@host[:port][/database]`.
///
/// User name and password may be percent-encoded. IPv6 addresses stand in brackets.
public struct RedisURL: Sendable, Hashable {
    public var host: String
    public var port: UInt16
    public var user: String?
    public var password: String?
    /// 0…16 383.
    public var database: Int

    public init(host: String, port: UInt16 = 6379, user: String? = nil, password: String? = nil, database: Int = 0) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }

    /// - Throws: ``RedisURLError`` naming the part that is wrong, never the password.
    public init(_ text: String) throws(RedisURLError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[colon...].hasPrefix("://") else {
            throw RedisURLError("has no scheme: it must begin with redis://")
        }
        let scheme = text[..<colon].lowercased()
        guard scheme == "redis" else {
            let known = scheme == "rediss" ? "TLS (rediss://) is not supported" : "its scheme must be redis"
            throw RedisURLError(known)
        }
        var rest = text[text.index(colon, offsetBy: 3)...]
        guard !rest.contains("?"), !rest.contains("#") else { throw RedisURLError("takes no query and no fragment") }
        var path: Substring = ""
        if let slash = rest.firstIndex(of: "/") {
            path = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at]
            rest = rest[rest.index(after: at)...]
            let separator = credentials.firstIndex(of: ":") ?? credentials.endIndex
            let name = credentials[..<separator]
            user = name.isEmpty ? nil : try Self.decoded(name, part: "user name")
            let secret = credentials[separator...].dropFirst()
            password = secret.isEmpty ? nil : try Self.decoded(secret, part: "password")
        }
        var portText: Substring?
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw RedisURLError("has an IPv6 address without ]") }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            let tail = rest[rest.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else { throw RedisURLError("has something odd after ]") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else if let mark = rest.firstIndex(of: ":") {
            host = String(rest[..<mark])
            portText = rest[rest.index(after: mark)...]
        } else {
            host = String(rest)
        }
        guard !host.isEmpty else { throw RedisURLError("names no host") }
        port = 6379
        if let portText {
            guard let number = UInt16(portText), number > 0 else {
                throw RedisURLError("has the port “\(portText)”; it must be 1 to 65535")
            }
            port = number
        }
        database = 0
        if !path.isEmpty {
            guard let number = Int(path), (0...16_383).contains(number) else {
                throw RedisURLError("has the database “\(path)”; it must be a number from 0 to 16383")
            }
            database = number
        }
    }

    private static func decoded(_ text: Substring, part: String) throws(RedisURLError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                throw RedisURLError("has a broken % escape in its \(part)")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RedisURLError("has a \(part) that is not UTF-8")
        }
        return decoded
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` in place of the password.
    public var description: String {
        let secret = password == nil ? "" : ":***"
        let credentials = user == nil && password == nil ? "" : "\(user ?? "")\(secret)@"
        let name = host.contains(":") ? "[\(host)]" : host
        return "redis://\(credentials)\(name):\(port)/\(database)"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

/// A Redis URL that cannot be used; reads as the end of a sentence: “FLOTILLA_REDIS_URL has the port …”.
public struct RedisURLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
