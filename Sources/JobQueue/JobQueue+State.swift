internal import Foundation
public import Model
internal import Redis

extension JobQueue {
    /// Where a job is: from its snapshot, else by looking for it in every list (the first 5,000 waiting ones).
    ///
    /// - Returns: nil for a job Redis does not know.
    public func state(of id: JobID) async throws(JobQueueError) -> JobSnapshot? {
        var commands = CommandBuffer()
        commands.append("HGETALL", .text(keys.snapshot(id.rawValue)))
        commands.append("ZSCORE", .text(keys.cancelled), .text(id.rawValue))
        let replies = try await pipeline(commands)
        var found = Self.job(id, replies[0].pairs)
        if found?.state.isFinal != true || found?.state == .dead {
            for queue in QueueName.allCases {
                guard let dead = try await deadJob(id, queue) else { continue }
                var snapshot = found ?? JobSnapshot(id: id, state: .dead)
                snapshot.state = .dead
                snapshot.queue = queue
                snapshot.kind = dead.kind
                snapshot.attempt = dead.attempts
                snapshot.error = DeadJob.Reason(code: dead.code, message: dead.reason)
                return snapshot
            }
        }
        if found == nil { found = try await search(id) }
        if found?.state == .waiting, let queue = found?.queue {
            let missing = try await send(["SRANDMEMBER", .text(keys.needs(queue, id)), 100]).array ?? []
            found?.waitingFor = missing.compactMap { $0.string.flatMap { JobID($0) } }
                .sorted { $0.rawValue < $1.rawValue }
        }
        if !replies[1].isNull, found?.state.isFinal != true, found?.state != .running {
            found = found ?? JobSnapshot(id: id, state: .cancelled)
            found?.state = .cancelled
        }
        return found
    }

    private static func job(_ id: JobID, _ fields: [String: RedisValue]) -> JobSnapshot? {
        guard let status = fields["status"]?.string, let state = JobState(rawValue: status) else { return nil }
        var snapshot = JobSnapshot(id: id, state: state)
        snapshot.queue = fields["queue"]?.string.flatMap { QueueName(rawValue: $0) }
        snapshot.kind = fields["kind"]?.string
        snapshot.attempt = fields["attempt"]?.int.map { Int($0) }
        snapshot.percent = fields["percent"]?.string.flatMap { Double($0) }
        snapshot.stage = fields["stage"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        snapshot.result = fields["result"]?.bytes.flatMap { try? JSON.decode(JSONValue.self, from: $0) }
        if let code = fields["error_code"]?.string, state == .dead {
            snapshot.error = DeadJob.Reason(code: code, message: fields["error_message"]?.string ?? "")
        }
        snapshot.seq = fields["seq"]?.int ?? 0
        snapshot.at = fields["at"]?.string
        return snapshot
    }

    private func search(_ id: JobID) async throws(JobQueueError) -> JobSnapshot? {
        let workers = try await workers()
        for queue in QueueName.allCases {
            var commands = CommandBuffer()
            var states: [JobState] = []
            for worker in workers where worker.queue == queue {
                commands.append("LRANGE", .text(keys.running(worker.id)), 0, -1)
                states.append(.running)
            }
            commands.append("ZRANGE", .text(keys.delayed(queue)), 0, 4_999)
            commands.append("LRANGE", .text(keys.parked(queue)), 0, 4_999)
            commands.append("LRANGE", .text(keys.waiting(queue)), -5_000, -1)
            commands.append("HMGET", .text(keys.awaiting), .text("\(queue.rawValue) \(id.rawValue)"))
            states += [.delayed, .parked, .queued, .waiting]
            for lane in try await lanes(queue).prefix(100) {
                commands.append("LRANGE", .text(lane), -500, -1)
                states.append(.queued)
            }
            for (state, reply) in zip(states, try await pipeline(commands)) {
                guard let envelope = Self.find(id, in: reply) else { continue }
                var snapshot = JobSnapshot(id: id, state: state)
                snapshot.queue = queue
                snapshot.kind = envelope.kind
                snapshot.attempt = envelope.attempt
                return snapshot
            }
        }
        return nil
    }

    private static func find(_ id: JobID, in reply: RedisValue) -> JobEnvelope? {
        let name = Array("\"\(id.rawValue)\"".utf8)
        for value in reply.array ?? [] {
            guard let element = value.bytes, element.firstRange(of: name) != nil,
                let (envelope, _) = try? JobEnvelope.parse(Array(raw(element))), envelope.id == id
            else { continue }
            return envelope
        }
        return nil
    }
}
