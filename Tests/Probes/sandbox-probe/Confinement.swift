import Foundation
import Glibc
import Sandbox
import Synchronization

/// `confine image|video|scan SCRATCH SIGNATURES`: prints `name=errno` (0: it worked) for each attempt.
enum Confinement {
    static func run(_ arguments: [String]) throws {
        let scratch = arguments[1]
        let tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let ready = open(scratch + "/ready", O_RDWR | O_CREAT, 0o600)
        let limits = ResourceLimits(
            addressSpaceBytes: 4 << 30, cpuSeconds: 60, fileSizeBytes: 1 << 20, openFiles: 64)
        let profile: SandboxProfile =
            switch arguments[0] {
            case "image": .image(limits: limits)
            case "video": .video(limits: limits)
            default: .scan(scratch: scratch, signatures: arguments[2], limits: limits)
            }
        let applied = try Sandbox.apply(profile, parent: getppid())
        tell("landlock", Int32(applied.landlockVersion ?? 0))

        attempt("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        attempt("unix-socket") { socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0) }
        attempt("connect") { connectLoopback(tcp) }
        attempt("open") { open("/etc/passwd", O_RDONLY) }
        attempt("open-folder") { opendir("/proc") == nil ? -1 : 0 }
        attempt("create-outside") { open("/tmp/flotilla-probe-\(getpid())", O_WRONLY | O_CREAT, 0o600) }
        attempt("open-scratch") { open(scratch + "/ready", O_RDONLY) }
        attempt("create-scratch") { open(scratch + "/new", O_WRONLY | O_CREAT, 0o600) }
        attempt("read-signatures") { open(arguments[2] + "/known", O_RDONLY) }
        attempt("write-signatures") { open(arguments[2] + "/new", O_WRONLY | O_CREAT, 0o600) }
        attempt("climb-out") { open(scratch + "/../../../etc/passwd", O_RDONLY) }
        attempt("chmod") { chmod(scratch, 0o777) }
        attempt("exec") { execute("/bin/true") }
        attempt("spawn") { spawn("/bin/true") }
        attempt("signal-parent") { kill(getppid(), 0) }
        attempt("signal-self") { kill(getpid(), 0) }
        attempt("raise-limit") { raiseLimit() }
        attempt("chdir") { chdir("/") }
        attempt("address-space") {
            mmap(nil, 8 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED ? -1 : 0
        }
        attempt("file-size") { ftruncate(ready, 2 << 20) }
        attempt("open-files") { duplicateUntilFull() }
        tell("work", work(ready) ? 0 : -1)
    }

    /// Threads, Foundation, memory, clocks, and the descriptor that was open before.
    private static func work(_ descriptor: Int32) -> Bool {
        let sum = Sum()
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<3 {
            let thread = Thread {
                let bytes = [UInt8](repeating: 1, count: 8 << 20)
                sum.value.add(bytes.reduce(0) { $0 + Int($1) }, ordering: .relaxed)
                done.signal()
            }
            thread.name = "worker"
            thread.start()
        }
        for _ in 0..<3 { done.wait() }
        let json = try? JSONEncoder().encode(["now": Date().timeIntervalSince1970])
        let decoded = json.flatMap { try? JSONDecoder().decode([String: Double].self, from: $0) }
        var page = [UInt8](repeating: 7, count: 4_096)
        let written = pwrite(descriptor, &page, 4_096, 0) == 4_096 && pread(descriptor, &page, 4_096, 0) == 4_096
        var facts = stat()
        let sized = fstat(descriptor, &facts) == 0 && facts.st_size >= 4_096
        return sum.value.load(ordering: .relaxed) == 3 * (8 << 20) && decoded != nil && written && sized
            && isatty(1) == 0
    }

    private final class Sum: Sendable {
        let value = Atomic<Int>(0)
    }

    private static func attempt(_ name: String, _ body: () -> Int32) {
        errno = 0
        tell(name, body() < 0 ? errno : 0)
    }

    private static func tell(_ name: String, _ code: Int32) {
        let line = "\(name)=\(code)\n"
        _ = write(1, line, line.utf8.count)
    }

    private static func connectLoopback(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(9).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func execute(_ path: String) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
        return execv(path, &arguments)
    }

    private static func spawn(_ path: String) -> Int32 {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
        errno = posix_spawn(&pid, path, nil, nil, &arguments, nil)
        return errno == 0 ? 0 : -1
    }

    private static func raiseLimit() -> Int32 {
        var limit = rlimit(rlim_cur: 1 << 40, rlim_max: 1 << 40)
        return setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    }

    private static func duplicateUntilFull() -> Int32 {
        var copies: [Int32] = []
        defer { copies.forEach { close($0) } }
        while copies.count < 1_000 {
            let copy = dup(1)
            if copy < 0 { return -1 }
            copies.append(copy)
        }
        return 0
    }
}
