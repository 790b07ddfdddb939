/// A primary with two replicas, and three sentinels that notice its death within half a second.
public final class RedisSentinels: Sendable {
    /// What the sentinels call the primary.
    public static let name = "jobs"
    /// The first is the primary at the start.
    public let servers: [RedisServer]
    public let ports: [UInt16]
    private let sentinels: [ChildServer]
    private let folder: String

    /// A URL that names all sentinels.
    public var url: String { url(sentinels: ports) }

    public func url(sentinels ports: [UInt16]) -> String {
        let secret = servers[0].password.map { ":\($0)@" } ?? ""
        return "redis+sentinel://\(secret)\(ports.map { "127.0.0.1:\($0)" }.joined(separator: ","))/\(Self.name)"
    }

    /// - Parameter password: of the servers; sentinels ask for none.
    public init(password: String? = nil) throws {
        let primary = try RedisServer(arguments: password.map { ["--masterauth", $0] } ?? [], password: password)
        let follow = ["--replicaof", "127.0.0.1", "\(primary.port)", "--repl-diskless-sync-delay", "0"]
        let more = follow + (password.map { ["--masterauth", $0] } ?? [])
        let replicas = try (0..<2).map { _ in try RedisServer(arguments: more, password: password) }
        try primary.cli("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        servers = [primary] + replicas
        for replica in replicas {
            try waitUntil("a replica follows") { try replica.cli("ROLE").contains("connected") }
        }
        folder = try ChildServer.temporaryFolder()
        var sentinels: [ChildServer] = []
        var ports: [UInt16] = []
        for number in 0..<3 {
            let port = try FreePort.next()
            let file = "\(folder)/sentinel-\(number).conf"
            let lines = [
                "port \(port)", "bind 127.0.0.1", "dir \(folder)",
                "sentinel monitor \(Self.name) 127.0.0.1 \(primary.port) 2",
                "sentinel down-after-milliseconds \(Self.name) 500", "sentinel failover-timeout \(Self.name) 2000",
                "sentinel parallel-syncs \(Self.name) 2",
            ]
            let secret = password.map { ["sentinel auth-pass \(Self.name) \($0)"] } ?? []
            try write(lines + secret, to: file)
            sentinels.append(
                try ChildServer.start(["redis-server", file, "--sentinel"], folder: folder) { FreePort.answers(port) })
            ports.append(port)
        }
        self.sentinels = sentinels
        self.ports = ports
        for port in ports {
            // How often they look at servers and tell each other; the defaults are 10 s and 2 s.
            let answer = try Self.ask(port, "SENTINEL", "DEBUG", "info-period", "300", "publish-period", "200")
            guard answer == "OK\n" else { throw ServerFailure("the sentinel is as slow as ever: \(answer)") }
        }
        for port in ports {
            try waitUntil("sentinels know each other and the replicas") {
                let facts = try Self.ask(port, "SENTINEL", "MASTER", Self.name).split(separator: "\n")
                func value(_ field: Substring) -> Substring? {
                    facts.firstIndex(of: field).map { facts[$0 + 1] }
                }
                return value("num-other-sentinels") == "2" && value("num-slaves") == "2"
            }
        }
    }

    deinit {
        for sentinel in sentinels { sentinel.kill() }
        _ = try? ChildServer.output(of: ["rm", "-rf", "--", folder])
    }

    /// Ends a sentinel as a crash would.
    public func killSentinel(_ index: Int) { sentinels[index].kill() }

    /// The port of the primary, as a sentinel says.
    public func primaryPort(askedAt index: Int = 0) throws -> UInt16? {
        let answer = try Self.ask(ports[index], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.name)
        return answer.split(separator: "\n").last.flatMap { UInt16($0) }
    }

    private static func ask(_ port: UInt16, _ arguments: String...) throws -> String {
        try ChildServer.output(of: ["redis-cli", "-p", "\(port)"] + arguments)
    }
}
