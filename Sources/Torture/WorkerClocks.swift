import Foundation
import Glibc

/// Wall clocks that can be set, one a worker, by libfaketime: it is loaded into the worker and reads the time's offset
/// from a file. Monotonic clocks go on as they are, as they do when a real clock is set.
struct WorkerClocks: Sendable {
    private let library: String
    private let folder: String

    /// - Throws: ``TortureError`` when the library is not there, or does not work.
    init(folder: String) async throws(TortureError) {
        let roots = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        let found = (["."] + roots).map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
        guard let library = found.first(where: { access($0, R_OK) == 0 }) else {
            throw TortureError("libfaketime is not installed")
        }
        self.library = library
        self.folder = folder
        Self.sweep()
        try await prove()
    }

    /// What a worker gets into its environment.
    func environment(_ index: Int) -> [String: String] {
        [
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": file(index), "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            // The library replaces names that nobody has made. Adding the variable would move the environment, by which
            // Swift finds the arguments of its program.
            "FAKETIME_SHARED": "/none /none",
        ]
    }

    /// The worker notices within a second.
    func set(_ index: Int, toSeconds offset: Int) -> Bool {
        (try? "\(offset < 0 ? "" : "+")\(offset)\n".write(toFile: file(index), atomically: true, encoding: .utf8))
            != nil
    }

    /// Removes what the library made for a process that was killed. It names it by process id, and the next process with
    /// that id would not start.
    static func forget(_ pid: pid_t) {
        sem_unlink("/\(prefixes.semaphore)\(pid)")
        shm_unlink("/\(prefixes.memory)\(pid)")
    }

    private static let prefixes = (semaphore: "faketime_sem_", memory: "faketime_shm_")

    /// What killed runs have left.
    private static func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? [] {
            for prefix in ["sem.\(prefixes.semaphore)", prefixes.memory] where name.hasPrefix(prefix) {
                guard let pid = pid_t(name.dropFirst(prefix.count)), kill(pid, 0) != 0, errno == ESRCH else { continue }
                forget(pid)
            }
        }
    }

    private func file(_ index: Int) -> String { "\(folder)/clock-\(index + 1)" }

    /// A program that prints the time has to print another one.
    private func prove() async throws(TortureError) {
        let (index, log) = (999, folder + "/clock-probe")
        guard set(index, toSeconds: 86_400) else { throw TortureError("\(file(index)) cannot be written") }
        let process = try ChildProcess(["/bin/date", "+%s"], environment: environment(index), log: log)
        _ = await process.end(within: .seconds(5))
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        let told = text.split(separator: "\n").last.flatMap { Double($0) } ?? 0
        guard abs(told - Date().timeIntervalSince1970 - 86_400) < 60 else {
            throw TortureError("libfaketime does not set clocks here")
        }
    }
}
