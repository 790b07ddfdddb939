public enum LogFormat: String, Sendable, CaseIterable { case json, text }

public enum LogLevel: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

/// What every executable needs: where Redis, PostgreSQL and the stored bytes are, and how to talk about itself.
public struct CommonSettings: Sendable {
    public var redisURL: String
    public var databaseURL: String
    public var storageURL: String
    public var namespace: String
    public var recipesDirectory: String
    public var logFormat: LogFormat
    public var logLevel: LogLevel
    /// Nil: no health endpoint.
    public var metricsAddress: SocketAddress?
    public var grace: Duration
    public var databaseConnections: Int

    public init(_ read: SettingsReader) throws(SettingError) {
        redisURL = try read(Self.redisURL)
        databaseURL = try read(Self.databaseURL)
        storageURL = try read(Self.storageURL)
        namespace = try read(Self.namespace)
        recipesDirectory = try read(Self.recipesDirectory)
        logFormat = try read(Self.logFormat)
        logLevel = try read(Self.logLevel)
        metricsAddress = try read.optional(Self.metricsAddress)
        grace = try read(Self.grace)
        databaseConnections = try read(Self.databaseConnections)
    }

    static let redisURL = Setting<String>.text(
        "FLOTILLA_REDIS_URL",
        "Where Redis is; rediss for TLS. The forms with sentinels and clusters: docs/operations.md.",
        default: "redis://127.0.0.1:6379/0",
        allowed: "redis[s]://[user:password@]host:port[/db], redis[s]+sentinel://…/name[/db], redis[s]+cluster://…",
        isSecret: true,
        where: { text in
            ["redis", "rediss"].contains { scheme in
                ["", "+sentinel", "+cluster"].contains { text.hasPrefix("\(scheme)\($0)://") }
            }
        })
    static let databaseURL = Setting<String>.text(
        "FLOTILLA_DATABASE_URL", "Where PostgreSQL is.", default: "postgresql://127.0.0.1:5432/flotilla",
        allowed: "postgresql://[user[:password]@]host:port/database", isSecret: true,
        where: { $0.hasPrefix("postgresql://") || $0.hasPrefix("postgres://") })
    static let storageURL = Setting<String>.text(
        "FLOTILLA_STORAGE_URL", "Where the bytes are kept: a folder that the API and all workers share.",
        default: "file:///var/lib/flotilla", allowed: "file:///absolute/path", where: { $0.hasPrefix("file:///") })
    static let namespace = Setting<String>.text(
        "FLOTILLA_NAMESPACE", "First part of every Redis key and channel.", default: "flotilla",
        allowed: "1 to 32 letters, digits, - or _",
        where: { text in
            (1...32).contains(text.utf8.count)
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        })
    static let recipesDirectory = Setting<String>.text(
        "FLOTILLA_RECIPES", "The folder with the recipes.", default: "jobs", allowed: "a folder with *.yaml files")
    static let logFormat = Setting<LogFormat>.choice(
        "FLOTILLA_LOG_FORMAT", "JSON lines for machines, or text for people; both to stderr.", default: .json)
    static let logLevel = Setting<LogLevel>.choice(
        "FLOTILLA_LOG_LEVEL", "The least level that is logged.", default: .info)
    static let metricsAddress = Setting<SocketAddress>(
        variable: "FLOTILLA_METRICS_ADDR",
        summary: "Where a worker serves /health, /health/ready and /metrics; unset: nowhere.",
        allowed: "host:port; port 0 takes a free one", defaultText: nil, isSecret: false, parse: SocketAddress.init)
    static let grace = Setting<Duration>.seconds(
        "FLOTILLA_GRACE_SECONDS", "How long a stopping process may finish or hand back what it holds.", default: 25,
        in: 1...3600)
    static let databaseConnections = Setting<Int>.int(
        "FLOTILLA_DATABASE_CONNECTIONS", "PostgreSQL connections a process may open.", default: 4, in: 1...64)

    static let descriptions: [SettingDescription] = [
        redisURL.description, databaseURL.description, storageURL.description, namespace.description,
        recipesDirectory.description, logFormat.description, logLevel.description, metricsAddress.description,
        grace.description, databaseConnections.description,
    ]
}

/// A host and a port.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    public let host: String
    /// 0…65 535; 0 takes a free one.
    public let port: Int

    /// Reads `host:port`, `[::1]:port` or `:port` (all interfaces).
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.host = host.isEmpty ? "0.0.0.0" : host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
