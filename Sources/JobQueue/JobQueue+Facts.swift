internal import Foundation
public import Model
internal import Redis

extension JobQueue {
    /// Every queue in numbers, from one round trip for each.
    public func queues() async throws(JobQueueError) -> [QueueStats] {
        let workers = try await workers()
        var result: [QueueStats] = []
        for queue in QueueName.allCases {
            let own = workers.filter { $0.queue == queue }
            var commands = CommandBuffer()
            commands.append("LLEN", .text(keys.waiting(queue)))
            commands.append("ZCARD", .text(keys.delayed(queue)))
            commands.append("ZCARD", .text(keys.dead(queue)))
            commands.append("LLEN", .text(keys.parked(queue)))
            commands.append("SISMEMBER", .text(keys.paused), .text(queue.rawValue))
            commands.append("HGETALL", .text(keys.stats(queue)))
            commands.append("HGET", .text(keys.lanes(queue)), "waiting")
            commands.append("ZCARD", .text(keys.awaiting(queue)))
            for worker in own { commands.append("LLEN", .text(keys.running(worker.id))) }
            let replies = try await pipeline(commands)
            let counts = replies.map { Int($0.int ?? 0) }
            let stats = replies[5].pairs
            func counter(_ name: String) -> Int { Int(stats[name]?.int ?? 0) }
            result.append(
                QueueStats(
                    queue: queue, waiting: counts[0] + counts[6], running: counts[8...].reduce(0, +),
                    delayed: counts[1],
                    dead: counts[2], parked: counts[3], awaiting: counts[7], isPaused: counts[4] == 1,
                    workers: own.count,
                    slots: own.reduce(0) { $0 + $1.slots }, processed: counter("processed"),
                    failed: counter("failed"), buried: counter("dead")))
        }
        return result
    }

    /// Every worker in the registry, those whose lease has just ended included.
    public func workers() async throws(JobQueueError) -> [WorkerInfo] {
        let reply = try await send(["ZRANGE", .text(keys.workers), 0, -1, "WITHSCORES"])
        let values = reply.array ?? []
        var found: [(id: WorkerID, lease: Double)] = []
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            guard let id = values[index].string.flatMap({ WorkerID($0) }) else { continue }
            found.append((id, Double(values[index + 1].string ?? "") ?? 0))
        }
        var commands = CommandBuffer()
        for worker in found { commands.append("HGETALL", .text(keys.worker(worker.id))) }
        return zip(found, try await pipeline(commands)).map { worker, reply in
            let fields = reply.pairs
            let started = fields["started"]?.int.map { Date(timeIntervalSince1970: Double($0) / 1000) }
            return WorkerInfo(
                id: worker.id, queue: worker.id.queue, host: fields["host"]?.string ?? "",
                pid: Int(fields["pid"]?.int ?? 0), slots: Int(fields["slots"]?.int ?? 0),
                running: Int(fields["running"]?.int ?? 0), residentBytes: fields["rss"]?.int ?? 0,
                version: fields["version"]?.string ?? "", startedAt: started,
                isDraining: fields["draining"]?.string == "1",
                leaseUntil: Date(timeIntervalSince1970: worker.lease / 1000))
        }
    }

    /// Ids that wait (also for other jobs), run, are delayed or parked, a page at a time; start without a cursor until
    /// `next` is nil.
    ///
    /// The queue moves on meanwhile: a job may be told twice, and one that changes its place just then may be missed,
    /// so an absent id is worth a second look before it is queued again. Unreadable entries are left out.
    public func knownJobIDs(
        _ queue: QueueName, cursor: KnownJobs.Cursor? = nil
    ) async throws(JobQueueError) -> KnownJobs {
        let page = 1_000
        let cursor = cursor ?? KnownJobs.Cursor(place: 0, offset: 0)
        // Jobs go from waiting to lanes to running, so in this order none slips through in that direction.
        let places = [keys.awaiting(queue), keys.delayed(queue), keys.parked(queue), keys.waiting(queue)]
        let list = cursor.place < places.count ? places[cursor.place] : try await lane(from: cursor.lane, queue)
        if let list {
            let command: RedisArgument = cursor.place < 2 ? "ZRANGE" : "LRANGE"
            let reply = try await send([command, .text(list), .int(cursor.offset), .int(cursor.offset + page - 1)])
            let raws = reply.array ?? []
            var next = cursor
            next.offset += page
            if cursor.place >= places.count { next.lane = list }
            if raws.count < page {
                next.offset = 0
                if cursor.place < places.count { next.place += 1 } else { next.lane = list + "\0" }
            }
            let ids = cursor.place == 0 ? raws.compactMap { $0.string.flatMap { JobID($0) } } : Self.ids(raws)
            return KnownJobs(ids: ids, next: next)
        }
        var commands = CommandBuffer()
        for worker in try await workers() where worker.queue == queue {
            commands.append("LRANGE", .text(keys.running(worker.id)), 0, -1)
        }
        let ids = try await pipeline(commands).flatMap { Self.ids($0.array ?? []) }
        return KnownJobs(ids: ids, next: nil)
    }

    private static func ids(_ raws: [RedisValue]) -> [JobID] {
        raws.compactMap { value in
            guard let bytes = value.bytes, let (envelope, hadID) = try? JobEnvelope.parse(Array(Self.raw(bytes))), hadID
            else {
                return nil
            }
            return envelope.id
        }
    }
}
