public import Glibc
import Synchronization

/// A server process of a test: started in a temporary folder, stopped by its process id, and never left behind.
///
/// A watchdog `sh` waits on a socket whose other end only this process holds; when the test process ends in any way,
/// SIGKILL included, the watchdog reads end-of-file, kills the server and removes its temporary folder.
public final class ChildServer: Sendable {
    public let pid: pid_t
    /// Temporary folder of this server; removed when the server is stopped, unless the caller brought its own.
    public let folder: String
    private let watchdog: pid_t
    private let lifeline: Int32
    private let ownsFolder: Bool
    private let stopSignal: Int32
    private let ended = Mutex(false)
    private let status = Mutex<Int32?>(nil)

    private init(pid: pid_t, folder: String, watchdog: pid_t, lifeline: Int32, ownsFolder: Bool, stopSignal: Int32) {
        self.pid = pid
        self.folder = folder
        self.watchdog = watchdog
        self.lifeline = lifeline
        self.ownsFolder = ownsFolder
        self.stopSignal = stopSignal
    }

    deinit {
        stop()
        // One that ended by itself keeps its log until now.
        if ownsFolder, access(folder, F_OK) == 0 { remove(folder: folder) }
    }

    /// Starts `command` (looked up in `PATH`) and waits until `ready` says that it answers.
    ///
    /// - Parameters:
    ///   - folder: an existing folder to use and keep, for example of a server that is restarted; otherwise a new one
    ///     which is removed with the server. Standard output and error go to `<folder>/server.log`.
    ///   - environment: added to this process's environment.
    ///   - stopSignal: what ends the server in an orderly way.
    public static func start(
        _ command: [String], folder: String? = nil, environment: [String: String] = [:],
        stopSignal: Int32 = SIGTERM, within limit: Duration = .seconds(30), ready: () -> Bool
    ) throws -> ChildServer {
        let home = try folder ?? temporaryFolder()
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw ServerFailure("no socket: errno \(errno)") }
        let pid = try spawn(command, input: nil, log: home + "/server.log", environment: environment)
        let cleanup = home.contains("/flotilla-test-") ? home : ""
        // A killed server's own children may write for a moment longer.
        let script = """
            cat >/dev/null; kill -KILL "$1" 2>/dev/null; [ -z "$2" ] ||
            for try in 1 2 3 4 5 6 7 8 9; do rm -rf -- "$2" && break; sleep 1; done
            """
        let watchdog = try spawn(
            ["sh", "-c", script, "sh", "\(pid)", cleanup], input: ends[0], log: "/dev/null", environment: [:])
        close(ends[0])
        let server = ChildServer(
            pid: pid, folder: home, watchdog: watchdog, lifeline: ends[1], ownsFolder: folder == nil,
            stopSignal: stopSignal)
        let deadline = ContinuousClock.now + limit
        while !ready() {
            var status: Int32 = 0
            let gone = server.ended.withLock { ended in
                if waitpid(pid, &status, WNOHANG) == pid { ended = true }
                return ended
            }
            if gone || ContinuousClock.now > deadline {
                let log = server.log.suffix(2_000)
                server.release(alreadyReaped: gone)
                throw ServerFailure("\(command[0]) \(gone ? "ended" : "did not answer"): \(log)")
            }
            usleep(5_000)
        }
        return server
    }

    /// How the server ended, once ``stop()`` has returned: its exit status, or 128 and the number of the signal.
    public var exitStatus: Int32? {
        status.withLock { $0 }.map { $0 & 0x7f == 0 ? ($0 >> 8) & 0xff : 128 + ($0 & 0x7f) }
    }

    /// Whether it has not ended by itself; ``exitStatus`` then says how.
    public var isRunning: Bool {
        let gone = ended.withLock { ended -> Bool in
            var status: Int32 = 0
            guard !ended, waitpid(pid, &status, WNOHANG) == pid else { return false }
            ended = true
            self.status.withLock { $0 = status }
            return true
        }
        if gone { releaseWatchdog() }
        return !ended.withLock { $0 }
    }

    /// What the server has written to standard output and error.
    public var log: String {
        guard let file = fopen(folder + "/server.log", "re") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    public func signal(_ signal: Int32) {
        ended.withLock { ended in if !ended { _ = Glibc.kill(pid, signal) } }
    }

    /// Asks the server to end, waits up to ten seconds, then kills it. Harmless when called again.
    public func stop() { end(stopSignal) }

    /// SIGKILL, as a crash or the out-of-memory killer would.
    public func kill() { end(SIGKILL) }

    private func end(_ signal: Int32) {
        let first = ended.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard first else { return }
        _ = Glibc.kill(pid, SIGCONT)
        _ = Glibc.kill(pid, signal)
        var status: Int32 = 0
        for _ in 0..<2_000 {
            if waitpid(pid, &status, WNOHANG) != 0 {
                self.status.withLock { $0 = status }
                return release(alreadyReaped: true)
            }
            usleep(5_000)
        }
        release(alreadyReaped: false)
    }

    private func release(alreadyReaped: Bool) {
        var status: Int32 = 0
        if !alreadyReaped {
            ended.withLock { $0 = true }
            _ = Glibc.kill(pid, SIGKILL)
            waitpid(pid, &status, 0)
        }
        releaseWatchdog()
        if ownsFolder { remove(folder: folder) }
    }

    private func releaseWatchdog() {
        var status: Int32 = 0
        _ = Glibc.kill(watchdog, SIGKILL)
        waitpid(watchdog, &status, 0)
        close(lifeline)
    }

    private func remove(folder: String) {
        var status: Int32 = 0
        if let cleaner = try? ChildServer.spawn(
            ["rm", "-rf", "--", folder], input: nil, log: "/dev/null", environment: [:])
        {
            waitpid(cleaner, &status, 0)
        }
    }

    /// A new folder below the system's temporary folder, readable by its owner only.
    public static func temporaryFolder() throws -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/flotilla-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ServerFailure("no temporary folder: errno \(errno)") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension ChildServer {
    /// Runs a command to its end and returns its standard output.
    public static func output(of command: [String], environment: [String: String] = [:]) throws -> String {
        let log = try temporaryFolder() + "/output"
        let pid = try spawn(command, input: nil, log: log, environment: environment)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        defer {
            unlink(log)
            rmdir(String(log.dropLast("/output".count)))
        }
        guard let file = fopen(log, "re") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Starts a process with its output in a file. The caller waits for it.
    public static func spawn(
        _ command: [String], input: Int32?, log: String, environment: [String: String]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var variables: [String] = environment.map { "\($0.key)=\($0.value)" }
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if environment[String(text.prefix { $0 != "=" })] == nil { variables.append(text) }
            next += 1
        }
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var block: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { (arguments + block).forEach { free($0) } }
        let failure = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &block)
        guard failure == 0 else { throw ServerFailure("cannot start \(command[0]): errno \(failure)") }
        return pid
    }
}
