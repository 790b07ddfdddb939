public import Model
internal import Redis

/// One line of a job's log.
public struct JobLogLine: Sendable, Hashable {
    /// RFC 3339.
    public var at: String
    public var line: String
    /// 1 for the first attempt.
    public var attempt: Int
}

extension JobQueue {
    /// What a job's attempts told, oldest first: the last 1,000 lines, as long as results stay.
    public func log(of id: JobID) async throws(JobQueueError) -> [JobLogLine] {
        let messages = try await send(["LRANGE", .text(keys.log(id.rawValue)), 0, -1]).array ?? []
        return messages.compactMap { value in
            guard let bytes = value.bytes, let message = try? JSON.decode(JSONValue.self, from: bytes),
                let at = message["at"]?.string, let line = message["data"]?["line"]?.string
            else { return nil }
            return JobLogLine(at: at, line: line, attempt: Int(message["data"]?["attempt"]?.int ?? 0))
        }
    }
}
