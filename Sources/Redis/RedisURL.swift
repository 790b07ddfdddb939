/// One server's host and port.
public struct RedisNode: Sendable, Hashable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16 = 6379) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Files for TLS, all PEM. The server's certificate is always checked, by its authority and by its name.
public struct RedisTLS: Sendable, Hashable {
    /// Certificates that are trusted; nil: the system's.
    public var authorities: String?
    /// Our own certificate with its chain, for servers that ask for one.
    public var certificate: String?
    public var key: String?

    public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}

/// Where Redis is and how to sign in.
///
///     redis://[[user]:password@]host[:port][/database]
///     redis+sentinel://[[user]:password@]sentinel[:port][,…]/primary's name[/database]
///     redis+cluster://[[user]:password@]node[:port][,…]
///
/// With `rediss` in place of `redis` every connection, to sentinels too, uses TLS; then a query may name PEM files:
/// `?ca=/file` (trusted certificates in place of the system's), `&cert=/file&key=/file` (for servers that ask for a
/// certificate). User name, password, name and files may be percent-encoded. IPv6 addresses stand in brackets. Ports
/// are 6379 if not given, a sentinel's 26379.
public struct RedisURL: Sendable, Hashable {
    public enum Place: Sendable, Hashable {
        /// This server, whatever its role.
        case server(RedisNode)
        /// The primary which these sentinels know by the name.
        case sentinels([RedisNode], primary: String)
        /// The node of a cluster that owns the slot of ``RedisURL/tag``; any of these tells which.
        case cluster([RedisNode])
    }

    public var place: Place
    public var user: String?
    public var password: String?
    /// 0…16 383; 0 on a cluster.
    public var database: Int
    /// Nil: no TLS.
    public var tls: RedisTLS?
    /// What stands in braces in the keys that connections will use; only a cluster needs it. Nil: whichever node of
    /// the cluster answers, which is enough for channels.
    public var tag: String?

    public init(
        _ place: Place, user: String? = nil, password: String? = nil, database: Int = 0, tls: RedisTLS? = nil,
        tag: String? = nil
    ) {
        self.place = place
        self.user = user
        self.password = password
        self.database = database
        self.tls = tls
        self.tag = tag
    }

    public init(host: String, port: UInt16 = 6379, user: String? = nil, password: String? = nil, database: Int = 0) {
        self.init(.server(RedisNode(host: host, port: port)), user: user, password: password, database: database)
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` in place of the password, and without the files.
    public var description: String {
        let secret = password == nil ? "" : ":***"
        let credentials = user == nil && password == nil ? "" : "\(user ?? "")\(secret)@"
        let scheme = tls == nil ? "redis" : "rediss"
        func list(_ nodes: [RedisNode]) -> String { nodes.map(\.description).joined(separator: ",") }
        return switch place {
        case .server(let node): "\(scheme)://\(credentials)\(node)/\(database)"
        case .sentinels(let nodes, let name): "\(scheme)+sentinel://\(credentials)\(list(nodes))/\(name)/\(database)"
        case .cluster(let nodes): "\(scheme)+cluster://\(credentials)\(list(nodes))"
        }
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

/// A Redis URL that cannot be used; reads as the end of a sentence: “FLOTILLA_REDIS_URL has no scheme …”.
public struct RedisURLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
