import Foundation
import JobQueue
import Model
import Redis

/// Looks at the registry from outside: which worker is which process, what it holds, and who was declared dead.
final class FleetWatch: Sendable {
    private let queue: JobQueue
    private let client: RedisClient
    private let names: JobNames
    private let pool: WorkerPool
    private let reach: Duration

    init(queue: JobQueue, client: RedisClient, names: JobNames, pool: WorkerPool, lease: Duration) {
        self.queue = queue
        self.client = client
        self.names = names
        self.pool = pool
        reach = lease + .seconds(6)
    }

    /// What a watch has seen.
    struct Sightings: Sendable {
        /// Workers that were declared dead though nobody had touched them.
        var falseRescues: [String] = []
        /// By how much this process itself woke up too late at the worst.
        var longestStall = Duration.zero
    }

    /// Watches until the task is cancelled.
    func run() async -> Sightings {
        var pids: [WorkerID: pid_t] = [:]
        var sightings = Sightings()
        while !Task.isCancelled {
            if let workers = try? await queue.workers() {
                for worker in workers { pids[worker.id] = pid_t(worker.pid) }
            }
            for (worker, pid) in pids {
                guard let isDead = try? await client.send(["EXISTS", .text("\(tag):fenced:\(worker)")]).int == 1 else {
                    break
                }
                guard isDead else { continue }
                if pool.wasLeftAlone(pid, reach: reach) {
                    sightings.falseRescues.append("\(worker), process \(pid), at \(Date().formatted(.iso8601))")
                }
                pids[worker] = nil
            }
            let asleep = ContinuousClock.now
            try? await Task.sleep(for: .milliseconds(200))
            let stall = ContinuousClock.now - asleep - .milliseconds(200)
            sightings.longestStall = max(sightings.longestStall, stall)
            // A machine that lets nobody run lets nobody renew a lease either.
            if stall > .seconds(1) { pool.excuseAll(until: .now) }
        }
        return sightings
    }

    func worker(of pid: pid_t) async -> WorkerID? {
        try? await queue.workers().first { pid_t($0.pid) == pid }?.id
    }

    /// The jobs on a worker's run list.
    func held(by worker: WorkerID) async -> [Int] {
        guard let reply = try? await client.send(["LRANGE", .text("\(tag):run:\(worker)"), 0, -1]) else { return [] }
        return (reply.array ?? []).compactMap { value in
            value.bytes.flatMap { try? JobEnvelope.parse($0) }.flatMap { names.number($0.envelope.id) }
        }
    }

    /// What the queue still holds or counts, one line each; nothing once all is over.
    func leftovers() async throws -> [String] {
        var lines: [String] = []
        for queue in try await queue.queues() {
            let held = [
                ("waiting", queue.waiting), ("running", queue.running), ("delayed", queue.delayed),
                ("parked", queue.parked),
            ]
            for (what, count) in held where count > 0 { lines.append("\(queue.queue.rawValue): \(count) \(what)") }
            let demand = try await client.send(["ZCARD", .text("\(tag):demand:\(queue.queue.rawValue)")]).int ?? 0
            if demand > 0 { lines.append("\(queue.queue.rawValue): demand \(demand)") }
            let counted = try await client.send(["HGET", .text("\(tag):lanes:\(queue.queue.rawValue):active"), "*"]).int
            if let counted { lines.append("\(queue.queue.rawValue): \(counted) counted as running") }
        }
        for key in try await keys("\(tag):run:*") { lines.append("run list \(key)") }
        return lines
    }

    /// Removes every key of the namespace.
    func removeKeys() async throws {
        for pattern in ["\(tag):*", "\(names.namespace):*"] {
            let found = try await keys(pattern)
            for start in stride(from: 0, to: found.count, by: 500) {
                let some = found[start..<min(start + 500, found.count)]
                try await client.send(["UNLINK"] + some.map { .text($0) }, idempotent: true)
            }
        }
    }

    private func keys(_ pattern: String) async throws -> [String] {
        var found: Set<String> = []
        var cursor = "0"
        repeat {
            let page = try await client.send(
                ["SCAN", .text(cursor), "MATCH", .text(pattern), "COUNT", 1_000], idempotent: true)
            guard let parts = page.array, parts.count == 2 else { throw TortureError("SCAN answered something else") }
            found.formUnion((parts[1].array ?? []).compactMap(\.string))
            cursor = parts[0].string ?? "0"
        } while cursor != "0"
        return Array(found)
    }

    private var tag: String { "{\(names.namespace)}" }
}
