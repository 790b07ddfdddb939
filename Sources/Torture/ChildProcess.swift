import Foundation
import Glibc
import Synchronization

/// A process that was started here, in a process group of its own: signals go to its id, and it is waited for.
final class ChildProcess: Sendable {
    let pid: pid_t
    let startedAt = ContinuousClock.now
    private let status = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - environment: the whole of it.
    ///   - log: gets standard output and error, at its end.
    ///   - socket: becomes its descriptor 3.
    init(
        _ command: [String], environment: [String: String], log: String, socket: Int32? = nil
    ) throws(TortureError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        if let socket { posix_spawn_file_actions_adddup2(&actions, socket, 3) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGTERM, SIGINT] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, command[0], &actions, &attributes, &arguments, &variables)
        guard failure == 0 else { throw TortureError("\(command[0]) cannot be started: errno \(failure)") }
        self.pid = pid
    }

    /// - Returns: false when it has ended.
    @discardableResult
    func signal(_ signal: Int32) -> Bool {
        status.withLock { status in
            guard status == nil, waitpidWithoutBlocking(&status) == nil else { return false }
            return kill(pid, signal) == 0
        }
    }

    /// Its exit status, or 128 and the number of the signal; nil while it runs.
    func exitStatus() -> Int32? {
        status.withLock { status in
            if status == nil { _ = waitpidWithoutBlocking(&status) }
            return status.map { $0 & 0x7f == 0 ? ($0 >> 8) & 0xff : 128 + ($0 & 0x7f) }
        }
    }

    /// Waits until it has ended, at most `limit`, then kills it.
    func end(within limit: Duration) async -> Int32 {
        let deadline = ContinuousClock.now + limit
        while true {
            if let status = exitStatus() { return status }
            if ContinuousClock.now > deadline { signal(SIGKILL) }
            await pause(.milliseconds(5))
        }
    }

    private func waitpidWithoutBlocking(_ status: inout Int32?) -> Int32? {
        var value: Int32 = 0
        if waitpid(pid, &value, WNOHANG) == pid { status = value }
        return status
    }
}

/// Sleeps also in a cancelled task, since what is waited for here has to be waited for.
func pause(_ length: Duration) async {
    // Detached, because cancelling the run must not cut it short.
    await Task.detached { try? await Task.sleep(for: length) }.value
}
