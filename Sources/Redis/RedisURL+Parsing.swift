extension RedisURL {
    private enum Kind { case server, sentinels, cluster }

    /// - Throws: ``RedisURLError`` naming the part that is wrong, never what may be a piece of the password.
    public init(_ text: String) throws(RedisURLError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[colon...].hasPrefix("://") else {
            throw RedisURLError("has no scheme: it must begin with redis://")
        }
        let (kind, secure) = try Self.kind(text[..<colon].lowercased())
        var rest = text[text.index(colon, offsetBy: 3)...]
        guard !rest.contains("#") else { throw RedisURLError("takes no fragment") }
        var tls: RedisTLS?
        if secure {
            let mark = rest.firstIndex(of: "?") ?? rest.endIndex
            tls = try Self.files(rest[mark...].dropFirst())
            rest = rest[..<mark]
        } else if rest.contains("?") {
            throw RedisURLError("takes a query only with rediss")
        }
        var path: [Substring] = []
        if let slash = rest.firstIndex(of: "/") {
            path = rest[slash...].dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            rest = rest[..<slash]
        }
        var user: String?
        var password: String?
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at]
            rest = rest[rest.index(after: at)...]
            let separator = credentials.firstIndex(of: ":") ?? credentials.endIndex
            let name = credentials[..<separator]
            user = name.isEmpty ? nil : try Self.decoded(name, part: "user name")
            let secret = credentials[separator...].dropFirst()
            password = secret.isEmpty ? nil : try Self.decoded(secret, part: "password")
        }
        var nodes: [RedisNode] = []
        for entry in rest.split(separator: ",", omittingEmptySubsequences: false) {
            nodes.append(try Self.node(entry, defaultPort: kind == .sentinels ? 26_379 : 6_379))
        }
        let place: Place
        switch kind {
        case .server:
            guard let node = nodes.first, nodes.count == 1 else {
                throw RedisURLError("names several hosts: that takes redis+sentinel:// or redis+cluster://")
            }
            place = .server(node)
        case .sentinels:
            let name = try Self.decoded(path.first ?? "", part: "name of the primary")
            guard !name.isEmpty else { throw RedisURLError("lacks the name of the primary, after the sentinels and /") }
            path.removeFirst()
            place = .sentinels(nodes, primary: name)
        case .cluster: place = .cluster(nodes)
        }
        let database = try Self.database(path)
        guard kind != .cluster || database == 0 else { throw RedisURLError("has a database; a cluster has none but 0") }
        self.init(place, user: user, password: password, database: database, tls: tls)
    }

    private static func kind(_ scheme: String) throws(RedisURLError) -> (Kind, secure: Bool) {
        switch scheme {
        case "redis": (.server, false)
        case "rediss": (.server, true)
        case "redis+sentinel": (.sentinels, false)
        case "rediss+sentinel": (.sentinels, true)
        case "redis+cluster": (.cluster, false)
        case "rediss+cluster": (.cluster, true)
        default: throw RedisURLError("its scheme must be redis or rediss, alone or with +sentinel or +cluster")
        }
    }

    private static func node(_ text: Substring, defaultPort: UInt16) throws(RedisURLError) -> RedisNode {
        let host: Substring
        var portText: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw RedisURLError("has an IPv6 address without ]") }
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else { throw RedisURLError("has something odd after ]") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let mark = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<mark]
            portText = mark < text.endIndex ? text[mark...].dropFirst() : nil
        }
        guard !host.isEmpty else { throw RedisURLError("names no host") }
        guard let portText else { return RedisNode(host: String(host), port: defaultPort) }
        guard let port = UInt16(portText), port > 0 else {
            throw RedisURLError(
                "has a port that is not a number from 1 to 65535; in a password / ? @ , stand as %2F %3F %40 %2C"
            )
        }
        return RedisNode(host: String(host), port: port)
    }

    private static func database(_ path: [Substring]) throws(RedisURLError) -> Int {
        guard let text = path.first, !(text.isEmpty && path.count == 1) else { return 0 }
        guard path.count == 1, let number = Int(text), (0...16_383).contains(number) else {
            throw RedisURLError("has a database that is not a number from 0 to 16383")
        }
        return number
    }

    private static func files(_ query: Substring) throws(RedisURLError) -> RedisTLS {
        var tls = RedisTLS()
        for entry in query.split(separator: "&") {
            let mark = entry.firstIndex(of: "=") ?? entry.endIndex
            let file = try decoded(entry[mark...].dropFirst(), part: "query")
            guard !file.isEmpty, !file.contains("\0") else { throw RedisURLError("has an empty entry in its query") }
            switch entry[..<mark] {
            case "ca": tls.authorities = file
            case "cert": tls.certificate = file
            case "key": tls.key = file
            default: throw RedisURLError("has something else than ca, cert and key in its query")
            }
        }
        guard (tls.certificate == nil) == (tls.key == nil) else {
            throw RedisURLError("needs cert and key together in its query")
        }
        return tls
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
