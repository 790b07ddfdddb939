import Foundation
import Glibc

/// Helpers that are killed, and that get no memory.
extension FaultMaker {
    func killHelpers(_ index: Int) async -> Bool {
        await someHelpers(index).map { Glibc.kill($0, SIGKILL) == 0 }.contains(true)
    }

    /// Lowers the address space to what is in use: every further mapping fails.
    func limitHelpers(_ index: Int, _ length: Duration) async -> Bool {
        var limited: [pid_t] = []
        for pid in await someHelpers(index) {
            if let used = Self.addressSpace(of: pid), await limit(pid, to: used) { limited.append(pid) }
        }
        await pause(length)
        for pid in limited { _ = await limit(pid, to: TortureHelper.addressSpaceBytes) }
        return !limited.isEmpty
    }

    private func limit(_ pid: pid_t, to bytes: UInt64) async -> Bool {
        let command = ["/usr/bin/prlimit", "--pid", "\(pid)", "--as=\(bytes):"]
        guard let process = try? ChildProcess(command, environment: [:], log: "/dev/null") else { return false }
        return await process.end(within: .seconds(5)) == 0
    }

    /// Puts the helpers where there is next to no memory. Counts when the kernel has killed one for it.
    func starveHelpers(_ index: Int, _ length: Duration) async -> Bool {
        guard let group = tools.memoryGroup else { return false }
        let kills = group.kills
        let began = ContinuousClock.now
        var starved: Set<pid_t> = []
        while group.kills == kills, ContinuousClock.now < began + max(length, .seconds(10)) {
            for pid in helpers(index) where !starved.contains(pid) && group.take(pid) { starved.insert(pid) }
            await pause(.milliseconds(100))
        }
        for pid in starved { group.release(pid) }
        return group.kills > kills
    }

    /// Waits for some, since a worker has them only once a job has asked.
    private func someHelpers(_ index: Int) async -> [pid_t] {
        for _ in 0..<50 {
            let found = helpers(index)
            if !found.isEmpty { return found }
            await pause(.milliseconds(100))
        }
        return []
    }

    private func helpers(_ index: Int) -> [pid_t] {
        guard let (process, _) = pool.current(index) else { return [] }
        return Self.children(of: process.pid)
    }

    /// By /proc/<pid>/stat; see proc(5).
    private static func children(of parent: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let bracket = line.lastIndex(of: ")")
            else { return false }
            let fields = line[line.index(after: bracket)...].split(separator: " ")
            return fields.count > 1 && fields[0] != "Z" && fields[1] == "\(parent)"
        }
    }

    private static func addressSpace(of pid: pid_t) -> UInt64? {
        let text = try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8)
        return text?.split(separator: " ").first.flatMap { UInt64($0) }.map {
            $0 * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        }
    }
}
