import Foundation
import Glibc

/// Private servers that may be broken: `FOLDER/pids/{redis,postgres}.pid` name them, and the programs
/// `FOLDER/start-redis` and `FOLDER/start-postgres` start them again, on the same port and data, and return when they answer.
public struct ServerFolder: Sendable {
    public enum Server: String, Sendable { case redis, postgres }

    private let path: String

    /// - Throws: ``TortureError`` when a file of the above is missing.
    public init(_ path: String) throws(TortureError) {
        self.path = path
        for server in [Server.redis, .postgres] {
            guard access(starter(server), X_OK) == 0 else { throw TortureError("\(starter(server)) is no program") }
            _ = try pid(server)
        }
    }

    /// Signals a server, waits until it is gone, lets `length` pass and starts it again.
    func restart(_ server: Server, with signal: Int32, downFor length: Duration, environment: [String: String])
        async throws(TortureError)
    {
        let pid = try pid(server)
        kill(pid, signal)
        let deadline = ContinuousClock.now + .seconds(30)
        while Self.runs(pid) {
            guard ContinuousClock.now < deadline else { throw TortureError("\(server.rawValue) does not end") }
            await pause(.milliseconds(10))
        }
        await pause(length)
        let process = try ChildProcess([starter(server)], environment: environment, log: path + "/restarts.log")
        guard await process.end(within: .seconds(60)) == 0 else {
            throw TortureError("\(server.rawValue) did not start again; see \(path)/restarts.log")
        }
    }

    private func starter(_ server: Server) -> String { "\(path)/start-\(server.rawValue)" }

    private func pid(_ server: Server) throws(TortureError) -> pid_t {
        let file = "\(path)/pids/\(server.rawValue).pid"
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
