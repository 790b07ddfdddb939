internal import Foundation
public import Model
internal import Redis

extension JobQueue {
    /// Dead jobs, newest first.
    ///
    /// - Parameters:
    ///   - limit: 1…1,000.
    ///   - cursor: `nextCursor` of the page before.
    public func dead(
        _ queue: QueueName, limit: Int = 100, cursor: String? = nil
    ) async throws(JobQueueError) -> Page<DeadJob> {
        let count = min(max(limit, 1), 1_000)
        let start = try await place(behind: cursor, queue)
        let reply = try await send([
            "ZRANGE", .text(keys.dead(queue)), .int(start), .int(start + count), "REV", "WITHSCORES",
        ])
        let values = reply.array ?? []
        var found: [(id: String, score: String)] = []
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            found.append((values[index].string ?? "", values[index + 1].string ?? ""))
        }
        let page = found.prefix(count)
        let jobs = try await entries(page.map(\.id), queue)
        let next = found.count > count ? page.last.map { "\($0.score)_\($0.id)" } : nil
        return Page(items: jobs.compactMap { $0 }, nextCursor: next)
    }

    /// Runs dead jobs again, from their first attempt: all, or those with these ids, or with this code.
    ///
    /// - Returns: how many went back to the queue. Elements too long to be kept cannot.
    @discardableResult
    public func retryDead(
        _ queue: QueueName, ids: [JobID]? = nil, code: String? = nil
    ) async throws(JobQueueError) -> Int {
        try await raiseDead(queue, ids: ids, code: code) { job in Self.rawAgain(job).map { ["queue", .bytes($0)] } }
    }

    /// Deletes dead jobs: all, or those with these ids, or with this code. Returns how many.
    @discardableResult
    public func discardDead(
        _ queue: QueueName, ids: [JobID]? = nil, code: String? = nil
    ) async throws(JobQueueError) -> Int {
        try await raiseDead(queue, ids: ids, code: code) { _ in ["discard", ""] }
    }

    private func raiseDead(
        _ queue: QueueName, ids: [JobID]?, code: String?, _ raise: (DeadJob) -> [RedisArgument]?
    ) async throws(JobQueueError) -> Int {
        let names: [String]
        if let ids {
            names = ids.map(\.rawValue)
        } else {
            names = try await send(["ZRANGE", .text(keys.dead(queue)), 0, -1]).array?.compactMap(\.string) ?? []
        }
        var raised = 0
        for start in stride(from: 0, to: names.count, by: 200) {
            let jobs = try await entries(Array(names[start..<min(start + 200, names.count)]), queue)
            var call = ScriptCall(
                keys: [
                    .text(keys.dead(queue)), .text(keys.deadEntries(queue)), .text(keys.waiting(queue)),
                    .text(keys.cancelled),
                ], arguments: [])
            for case let job? in jobs where code == nil || job.code == code {
                guard let order = raise(job) else { continue }
                call.arguments += [.text(job.id.rawValue)] + order
            }
            if !call.arguments.isEmpty { raised += Int(try await run(QueueScripts.raiseDead, call).int ?? 0) }
        }
        return raised
    }

    /// The bytes to queue again. By hand means from the start, and even after it expired.
    private static func rawAgain(_ job: DeadJob) -> [UInt8]? {
        if let base64 = job.rawBase64, let raw = Data(base64Encoded: base64) { return [UInt8](raw) }
        guard let tree = job.envelope, let bytes = try? JSON.encode(tree),
            var (envelope, _) = try? JobEnvelope.parse(bytes)
        else { return nil }
        envelope.attempt = 1
        envelope.rescues = 0
        envelope.notBefore = nil
        envelope.expiresAt = nil
        return try? envelope.wire()
    }

    private func entries(_ ids: [String], _ queue: QueueName) async throws(JobQueueError) -> [DeadJob?] {
        guard !ids.isEmpty else { return [] }
        let reply = try await send(["HMGET", .text(keys.deadEntries(queue))] + ids.map { .text($0) })
        return (reply.array ?? []).map { value in value.bytes.flatMap { try? JSON.decode(DeadJob.self, from: $0) } }
    }

    func deadJob(_ id: JobID, _ queue: QueueName) async throws(JobQueueError) -> DeadJob? {
        try await entries([id.rawValue], queue).first ?? nil
    }

    /// Where a page starts: behind the entry the cursor names, or where that entry stood.
    private func place(behind cursor: String?, _ queue: QueueName) async throws(JobQueueError) -> Int {
        guard let cursor else { return 0 }
        let parts = cursor.split(separator: "_", maxSplits: 1).map(String.init)
        guard parts.count == 2, Double(parts[0]) != nil else { throw .invalid("this cursor is not one of ours") }
        if let rank = try await send(["ZREVRANK", .text(keys.dead(queue)), .text(parts[1])]).int {
            return Int(rank) + 1
        }
        return Int(try await send(["ZCOUNT", .text(keys.dead(queue)), "(\(parts[0])", "+inf"]).int ?? 0)
    }
}
