import Foundation
import Glibc
import Redis

/// Private servers that may be broken: `FOLDER/pids/NAME.pid` names the process of each, `FOLDER/ports/NAME` its port, and
/// the program `FOLDER/start-NAME` starts it again, on the same port and data, and returns when it answers. Names are
/// `postgres`, and `redis` or `redis-1`, `redis-2` … for a primary and its replicas under sentinels.
public struct ServerFolder: Sendable {
    static let postgres = "postgres"

    private let path: String
    private let redis: [(name: String, port: UInt16)]

    /// - Throws: ``TortureError`` when a file of the above is missing.
    public init(_ path: String) throws(TortureError) {
        self.path = path
        let several = (1...9).map { "redis-\($0)" }.filter { access("\(path)/start-\($0)", X_OK) == 0 }
        let names = several.isEmpty ? ["redis"] : several
        var redis: [(name: String, port: UInt16)] = []
        for name in names {
            let text = (try? String(contentsOfFile: "\(path)/ports/\(name)", encoding: .utf8)) ?? ""
            guard let port = UInt16(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw TortureError("\(path)/ports/\(name) has no port in it")
            }
            redis.append((name, port))
        }
        self.redis = redis
        for name in names + [Self.postgres] {
            guard access(starter(name), X_OK) == 0 else { throw TortureError("\(starter(name)) is no program") }
            _ = try pid(name)
        }
    }

    /// Whether there is somebody to choose another primary.
    var hasSentinels: Bool { redis.count > 1 }

    var redisNodes: [RedisNode] { redis.map { RedisNode(host: "127.0.0.1", port: $0.port) } }

    func redis(at port: UInt16) -> String? { redis.first { $0.port == port }?.name }

    /// Signals a server, waits until it is gone, lets `length` pass and starts it again.
    ///
    /// - Returns: false when it does not run: on a busy machine it may still be coming back from the last time.
    func restart(
        _ name: String, with signal: Int32, downFor length: Duration, environment: [String: String]
    ) async throws(TortureError) -> Bool {
        guard let pid = try? pid(name) else { return false }
        kill(pid, signal)
        let deadline = ContinuousClock.now + .seconds(30)
        while Self.runs(pid) {
            guard ContinuousClock.now < deadline else { throw TortureError("\(name) does not end") }
            await pause(.milliseconds(10))
        }
        await pause(length)
        let process = try ChildProcess([starter(name)], environment: environment, log: path + "/restarts.log")
        guard await process.end(within: .seconds(60)) == 0 else {
            throw TortureError("\(name) did not start again; see \(path)/restarts.log")
        }
        return true
    }

    private func starter(_ name: String) -> String { "\(path)/start-\(name)" }

    private func pid(_ name: String) throws(TortureError) -> pid_t {
        let file = "\(path)/pids/\(name).pid"
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        guard let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1, Self.runs(pid) else {
            throw TortureError("\(file) names no running process")
        }
        return pid
    }

    /// A process that has ended, but was not fetched by its parent, does not run.
    private static func runs(_ pid: pid_t) -> Bool {
        guard let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let bracket = line.lastIndex(of: ")")
        else { return false }
        let state = line[line.index(after: bracket)...].drop { $0 == " " }.first
        return state != "Z" && state != "X"
    }
}
