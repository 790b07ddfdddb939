internal import CSandbox
internal import Glibc

/// The ends that the coordinator keeps of a process it has started.
struct Spawned: Sendable {
    var pid: Int32
    var pidfd: Int32
    var socket: Int32
    var stderrPipe: Int32

    /// Starts the helper: socket at descriptor 3, stdin empty, stdout and stderr into one pipe, nothing else open, a
    /// process group of its own (a terminal's Ctrl-C ends the coordinator, which then drains).
    ///
    /// Must be called on a thread that outlives the helper: death with the parent watches the thread.
    static func start(_ launch: HelperLaunch) throws(HelperFailure) -> Spawned {
        var sockets: [Int32] = [-1, -1]
        var pipes: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &sockets) == 0 else { throw refused("no socket pair", errno) }
        let noPipe = csb_pipe(&pipes)
        guard noPipe == 0 else {
            sockets.forEach { close($0) }
            throw refused("no pipe", noPipe)
        }
        var pid: Int32 = 0
        var arguments = ([launch.executable] + launch.arguments).map { strdup($0) } + [nil]
        var environment = launch.environmentBlock.map { strdup($0) } + [nil]
        let failure = csb_spawn(launch.executable, &arguments, &environment, sockets[1], pipes[1], &pid)
        (arguments + environment).forEach { free($0) }
        close(sockets[1])
        close(pipes[1])
        let pidfd = failure == 0 ? csb_pidfd_open(pid) : -1
        guard pidfd >= 0 else {
            close(sockets[0])
            close(pipes[0])
            guard failure == 0 else { throw refused("cannot start \(launch.executable)", failure) }
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw refused("no pidfd (Linux 5.3 or newer is needed)", -pidfd)
        }
        return Spawned(pid: pid, pidfd: pidfd, socket: sockets[0], stderrPipe: pipes[0])
    }

    private static func refused(_ what: String, _ code: Int32) -> HelperFailure {
        .notStarted("\(what): \(String(cString: strerror(code)))", stderrTail: "")
    }
}

/// The last 4 KiB of what a helper wrote to stderr.
struct StderrTail: Sendable {
    static let maxBytes = 4_096
    private var bytes: [UInt8] = []

    /// Reads what is there now, without waiting. False at the end of the pipe.
    mutating func drain(_ descriptor: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { chunk in
            // Bounded: a helper that writes without end must not hold this thread.
            for _ in 0..<16 {
                let count = read(descriptor, chunk.baseAddress, chunk.count)
                if count <= 0 { return count < 0 && (errno == EAGAIN || errno == EINTR) }
                bytes.append(contentsOf: chunk[..<count])
                if bytes.count > Self.maxBytes { bytes.removeFirst(bytes.count - Self.maxBytes) }
            }
            return true
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self).tamed(to: Self.maxBytes) }
}
