import Glibc
import Synchronization

/// A private `redis-server` on a free loopback port, with its data in a temporary folder.
public final class RedisServer: Sendable {
    public let port: UInt16
    public let password: String?
    private let arguments: [String]
    private let folder: String
    private let process: Mutex<ChildServer?>

    /// A URL of database 0, with the password if there is one.
    public var url: String { "redis://\(password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)/0" }

    /// One server without persistence for all tests of a process that keep to a namespace of their own.
    public static let shared = Result { try RedisServer() }

    /// - Parameter arguments: further options, for example `["--appendonly", "yes"]`.
    public init(arguments: [String] = [], password: String? = nil) throws {
        folder = try ChildServer.temporaryFolder()
        self.password = password
        let secret = password.map { ["--requirepass", $0] } ?? []
        self.arguments = arguments + secret
        var started: ChildServer?
        var port: UInt16 = 0
        var failure: any Error = ServerFailure("redis-server was not started")
        for _ in 0..<3 where started == nil {
            do {
                port = try FreePort.next()
                started = try RedisServer.launch(port: port, folder: folder, arguments: self.arguments)
            } catch { failure = error }
        }
        guard let started else { throw failure }
        self.port = port
        process = Mutex(started)
    }

    deinit {
        process.withLock { $0?.kill() }
        _ = try? ChildServer.output(of: ["rm", "-rf", "--", folder])
    }

    private static func launch(port: UInt16, folder: String, arguments: [String]) throws -> ChildServer {
        let options = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--daemonize", "no",
        ]
        return try ChildServer.start(["redis-server"] + options + arguments, folder: folder) {
            FreePort.answers(port)
        }
    }

    /// Orderly end (with an append-only file: nothing is lost). The port stays reserved for ``start()`` by luck only.
    public func stop() { process.withLock { $0?.stop() } }

    /// SIGKILL, as a crash would.
    public func kill() { process.withLock { $0?.kill() } }

    /// Starts the server again on the same port and data after ``stop()`` or ``kill()``.
    public func start() throws {
        let again = try RedisServer.launch(port: port, folder: folder, arguments: arguments)
        process.withLock { $0 = again }
    }

    /// Freezes the process, so that its sockets are open and silent.
    public func freeze() { process.withLock { $0?.signal(SIGSTOP) } }

    public func thaw() { process.withLock { $0?.signal(SIGCONT) } }

    /// Whether its first replica has all that it has written. (`WAIT` tells of what its own connection has written only.)
    public func isReplicated() throws -> Bool {
        let lines = try cli("INFO", "replication").split(whereSeparator: \.isNewline)
        guard let written = lines.first(where: { $0.hasPrefix("master_repl_offset:") })?.split(separator: ":").last
        else { return false }
        return lines.contains { $0.hasPrefix("slave0:") && $0.contains("offset=\(written),") }
    }

    /// What `redis-cli` prints: a client that shares no code with ours.
    @discardableResult
    public func cli(_ arguments: String...) throws -> String {
        let secret = password.map { ["REDISCLI_AUTH": $0] } ?? [:]
        let text = try ChildServer.output(of: ["redis-cli", "-p", "\(port)"] + arguments, environment: secret)
        return String(text.last == "\n" ? text.dropLast() : text[...])
    }
}
