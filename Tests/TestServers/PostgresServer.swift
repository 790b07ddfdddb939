import Glibc
import Synchronization

/// A private PostgreSQL 15 on a free loopback port, with its data in a temporary folder and `fsync` off.
///
/// PostgreSQL refuses to run as root; then it runs as the `postgres` user, or `nobody` where there is none.
public final class PostgresServer: Sendable {
    public let port: UInt16
    private let folder: String
    private let process: Mutex<ChildServer?>
    private let databases = Atomic<Int>(0)

    private static let programs = "/usr/lib/postgresql/15/bin/"

    /// One server for all tests of a process; each test makes a database of its own.
    public static let shared = Result { try PostgresServer() }

    public init() throws {
        folder = try ChildServer.temporaryFolder()
        if let user = PostgresServer.otherUser {
            guard chown(folder, user.uid, user.gid) == 0 else { throw ServerFailure("no chown: errno \(errno)") }
        }
        let made = try ChildServer.output(
            of: PostgresServer.unprivileged + [
                PostgresServer.programs + "initdb", "-D", folder + "/data", "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
            ])
        var started: ChildServer?
        var port: UInt16 = 0
        var failure: any Error = ServerFailure("postgres was not started: \(made.suffix(1_000))")
        for _ in 0..<3 where started == nil {
            do {
                port = try FreePort.next()
                started = try PostgresServer.launch(port: port, folder: folder)
            } catch { failure = error }
        }
        guard let started else { throw failure }
        self.port = port
        process = Mutex(started)
    }

    deinit {
        process.withLock { $0?.stop() }
        _ = try? ChildServer.output(of: ["rm", "-rf", "--", folder])
    }

    /// Makes an empty database and returns its URL.
    public func makeDatabase() throws -> String {
        let number = databases.add(1, ordering: .relaxed).newValue
        let name = "test_\(getpid())_\(number)"
        let answer = try psql("CREATE DATABASE \(name)", database: "postgres")
        guard answer.contains("CREATE DATABASE") else { throw ServerFailure("no database: \(answer)") }
        return "postgres://postgres@127.0.0.1:\(port)/\(name)"
    }

    /// What `psql` prints (unaligned, without headings): a client that shares no code with ours.
    @discardableResult
    public func psql(_ sql: String, database: String) throws -> String {
        let text = try ChildServer.output(of: [
            PostgresServer.programs + "psql", "-X", "-A", "-t", "-h", "127.0.0.1", "-p", "\(port)", "-U", "postgres",
            "-d", database, "-c", sql,
        ])
        return String(text.last == "\n" ? text.dropLast() : text[...])
    }

    /// Ends sessions at once and shuts down in order.
    public func stop() { process.withLock { $0?.stop() } }

    /// SIGKILL, as a crash would.
    public func kill() { process.withLock { $0?.kill() } }

    /// Starts the server again on the same port and data after ``stop()`` or ``kill()``.
    public func start() throws {
        let again = try PostgresServer.launch(port: port, folder: folder)
        process.withLock { $0 = again }
    }

    private static func launch(port: UInt16, folder: String) throws -> ChildServer {
        let settings = [
            "listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(folder)", "fsync=off",
            // Its shared memory goes with its folder when the watchdog kills it.
            "dynamic_shared_memory_type=mmap",
            "synchronous_commit=off", "full_page_writes=off", "max_connections=600", "shared_buffers=32MB",
            "log_min_messages=fatal",
        ]
        // SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for the clients.
        return try ChildServer.start(
            unprivileged + [programs + "postgres", "-D", folder + "/data"] + settings.flatMap { ["-c", $0] },
            folder: folder, stopSignal: SIGINT, within: .seconds(90)
        ) {
            guard FreePort.answers(port) else { return false }
            let answer = try? ChildServer.output(of: [
                programs + "psql", "-X", "-A", "-t", "-h", "127.0.0.1", "-p", "\(port)", "-U", "postgres",
                "-d", "postgres", "-c", "SELECT 'up'",
            ])
            return answer == "up\n"
        }
    }

    private static let otherUser: (name: String, uid: uid_t, gid: gid_t)? = {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) { return (name, entry.pointee.pw_uid, entry.pointee.pw_gid) }
        }
        return nil
    }()

    private static var unprivileged: [String] {
        guard let user = otherUser else { return [] }
        return ["setpriv", "--reuid=\(user.uid)", "--regid=\(user.gid)", "--clear-groups", "--"]
    }
}
