import Foundation
import Glibc

/// A control group with next to no memory: the kernel kills what asks for more in it. Making one takes privileges.
final class MemoryGroup: Sendable {
    private let path: String
    private let root: String
    /// The file that counts the processes killed.
    private let events: String

    /// Below the second version of control groups, or the first.
    ///
    /// - Throws: ``TortureError`` when none can be made.
    init(name: String, bytes: Int) throws(TortureError) {
        let candidates = [
            ("/sys/fs/cgroup", "memory.max", "memory.events", "memory.swap.max"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control", ""),
        ]
        for (root, limit, events, swap) in candidates where access("\(root)/cgroup.procs", W_OK) == 0 {
            let path = "\(root)/\(name)"
            _ = Self.write("+memory", to: "\(root)/cgroup.subtree_control")
            guard mkdir(path, 0o755) == 0 else { continue }
            if Self.write("\(bytes)", to: "\(path)/\(limit)"), access("\(path)/\(events)", R_OK) == 0 {
                if !swap.isEmpty { _ = Self.write("0", to: "\(path)/\(swap)") }
                self.path = path
                self.root = root
                self.events = "\(path)/\(events)"
                return
            }
            rmdir(path)
        }
        throw TortureError("no control group for memory can be made")
    }

    /// Processes that the kernel has killed in it.
    var kills: Int {
        let text = (try? String(contentsOfFile: events, encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    func take(_ pid: pid_t) -> Bool { Self.write("\(pid)", to: "\(path)/cgroup.procs") }

    func release(_ pid: pid_t) { _ = Self.write("\(pid)", to: "\(root)/cgroup.procs") }

    func remove() { rmdir(path) }

    private static func write(_ text: String, to file: String) -> Bool {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count
    }
}
