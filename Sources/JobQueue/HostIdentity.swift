internal import Foundation
internal import Glibc

/// This process as its host's other workers can check it: alive or not, without asking Redis.
///
/// A process id means something only within one boot and one process namespace, and only together with its start
/// time, since ids are used again.
struct HostIdentity: Sendable, Hashable {
    /// Boot id and process namespace.
    let host: String
    let pid: pid_t
    /// Clock ticks after boot.
    let startTime: String

    static let current: HostIdentity? = {
        guard let boot = text("/proc/sys/kernel/random/boot_id"), let namespace = link("/proc/self/ns/pid"),
            let start = startTime(of: getpid())
        else { return nil }
        let digits = namespace.filter(\.isNumber)
        return HostIdentity(host: "\(boot).\(digits)", pid: getpid(), startTime: start)
    }()

    /// As it stands in the registry.
    var entry: String { "\(pid) \(startTime)" }

    /// Whether the process of a registry entry has certainly ended.
    static func isDead(entry: String) -> Bool {
        let parts = entry.split(separator: " ")
        guard parts.count == 2, let pid = pid_t(parts[0]), pid > 0 else { return false }
        if kill(pid, 0) != 0 { return errno == ESRCH }
        guard let start = startTime(of: pid) else { return false }
        return start != parts[1] || isZombie(pid)
    }

    /// Ended, but not yet fetched by its parent. A process whose first thread alone has ended looks alike, so the
    /// threads are counted: the folder has two links and one more each.
    private static func isZombie(_ pid: pid_t) -> Bool {
        guard let state = fields(of: pid).first, state == "Z" || state == "X" else { return false }
        var info = stat()
        return stat("/proc/\(pid)/task", &info) != 0 || info.st_nlink <= 3
    }

    private static func startTime(of pid: pid_t) -> String? {
        let fields = fields(of: pid)
        return fields.count > 19 ? String(fields[19]) : nil
    }

    /// The fields of `/proc/<pid>/stat` behind the command name, which may hold spaces and brackets (man 5 proc).
    private static func fields(of pid: pid_t) -> [Substring] {
        guard let line = text("/proc/\(pid)/stat"), let bracket = line.lastIndex(of: ")") else { return [] }
        return line[line.index(after: bracket)...].split(separator: " ")
    }

    static func residentBytes() -> Int64 {
        let pages = text("/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func text(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func link(_ path: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path)
    }
}
