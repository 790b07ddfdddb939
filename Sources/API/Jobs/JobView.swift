import Catalog
import Foundation
import JobQueue
import Model

/// One job as clients see it: the record with what the queue knows at this moment.
struct JobView {
    var state: JobState
    var queue: QueueName?
    var batch: UUID?
    /// False for a job that another program put on the queue.
    var isRecorded: Bool
    let json: JSONValue

    /// What is final in the record is final; before that the queue knows better.
    init(_ record: JobRecord, live: JobSnapshot?) {
        var state = live.map { $0.state == .queued ? record.state : $0.state } ?? record.state
        if state == .queued, let start = record.job.envelope.notBefore, start > Date() { state = .delayed }
        self.state = state
        queue = record.job.queue
        batch = record.batch
        isRecorded = true
        let envelope = record.job.envelope
        var members = Self.members(live)
        members["id"] = .string(record.id.rawValue)
        members["queue"] = .string(record.job.queue.rawValue)
        members["kind"] = .string(envelope.kind)
        members["state"] = .string(state.rawValue)
        members["attempt"] = .int(Int64(max(record.attempt, live?.attempt ?? 0)))
        members["max_attempts"] = .int(Int64(envelope.maxAttempts))
        members["priority"] = .int(Int64(envelope.priority))
        if let result = record.result { members["result"] = result }
        if let error = record.error { members["error"] = error.json }
        members["batch"] = .orNull(record.batch?.uuidString.lowercased())
        members["created_at"] = record.createdAt.json
        members["started_at"] = record.startedAt?.json ?? .null
        members["finished_at"] = record.finishedAt?.json ?? .null
        json = .object(members)
    }

    /// A job without a record.
    init(_ live: JobSnapshot) {
        state = live.state
        queue = live.queue
        isRecorded = false
        var members = Self.members(live)
        members["id"] = .string(live.id.rawValue)
        members["queue"] = .orNull(live.queue?.rawValue)
        members["kind"] = .orNull(live.kind)
        members["state"] = .string(live.state.rawValue)
        members["attempt"] = .int(Int64(live.attempt ?? 0))
        for name in ["max_attempts", "priority", "batch", "created_at", "started_at", "finished_at"] {
            members[name] = .null
        }
        json = .object(members)
    }

    private static func members(_ live: JobSnapshot?) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        members["percent"] = live?.percent.map { .double($0) } ?? .null
        members["stage"] = .orNull(live?.stage)
        members["result"] = live?.result ?? .null
        members["waiting_for"] = .array((live?.waitingFor ?? []).map { .string($0.rawValue) })
        members["error"] = live?.error.map { ["code": .string($0.code), "message": .string($0.message)] } ?? .null
        return members
    }
}
