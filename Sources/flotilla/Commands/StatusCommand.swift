import ArgumentParser
import Foundation
import JobQueue
import Model
import Pipeline
import Settings

/// `flotilla status`: queues, their rates, and the workers.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show queues, rates and workers; refreshes on a terminal.")

    @Option(help: "Seconds between two looks (0.2 to 60).") var interval = 1.0
    @Flag(help: "Show once and end.") var once = false
    @Flag(help: "Print JSON, once.") var json = false

    func validate() throws {
        guard (0.2...60).contains(interval) else { throw ValidationError("--interval must be from 0.2 to 60 seconds") }
    }

    func run() async throws {
        let fleet = try Fleet.open(as: "flotilla status")
        var before: (stats: [QueueStats], at: ContinuousClock.Instant)?
        let repeats = !once && !json && Terminal.isInteractive
        repeat {
            let stats = try await fleet.queue.queues()
            let workers = try await fleet.queue.workers()
            let memory = try? await fleet.queue.memory()
            let now = ContinuousClock.now
            if json {
                Terminal.line(
                    try JSON.string(StatusDocument(stats, workers, memory, percent: fleet.tuning.redisMemoryPercent)))
            } else {
                if repeats { Terminal.write("\u{1B}[H\u{1B}[2J") }
                let seconds = before.map { (now - $0.at) / .seconds(1) }
                Terminal.line(Self.queues(stats, since: before?.stats, seconds: seconds))
                Terminal.line("")
                Terminal.line(Self.workers(workers))
                if let memory {
                    Terminal.line("")
                    Terminal.line(Self.memory(memory, watermark: fleet.tuning.redisMemoryPercent))
                }
            }
            before = (stats, now)
            if repeats { try await Task.sleep(for: .seconds(interval)) }
        } while repeats
    }

    private static func queues(_ stats: [QueueStats], since before: [QueueStats]?, seconds: Double?) -> String {
        var table = TextTable(header: [
            "QUEUE", "STATE", "WAITING", "RUNNING", "DELAYED", "DEPENDENT", "DEAD", "PARKED", "WORKERS", "SLOTS",
            "DONE", "DONE/S",
        ])
        for queue in stats {
            let earlier = before?.first { $0.queue == queue.queue }
            let rate = earlier.flatMap { earlier in
                seconds.map { String(format: "%.1f", Double(queue.processed - earlier.processed) / $0) }
            }
            table.rows.append([
                queue.queue.rawValue, queue.isPaused ? "paused" : "open", "\(queue.waiting)", "\(queue.running)",
                "\(queue.delayed)", "\(queue.awaiting)", "\(queue.dead)", "\(queue.parked)", "\(queue.workers)",
                "\(queue.slots)",
                "\(queue.processed)", rate ?? "-",
            ])
        }
        return table.rendered()
    }

    private static func memory(_ memory: RedisMemory, watermark: Int) -> String {
        guard let limit = memory.limitBytes, let percent = memory.percent else {
            return "Redis uses \(Bytes(memory.usedBytes)); it has no maxmemory"
        }
        let verdict =
            memory.isOver(percent: watermark)
            ? "the API accepts no jobs (from \(watermark) %)" : "the API accepts jobs below \(watermark) %"
        return "Redis uses \(Bytes(memory.usedBytes)) of \(Bytes(limit)), \(percent) %; \(verdict)"
    }

    private static func workers(_ workers: [WorkerInfo]) -> String {
        guard !workers.isEmpty else { return "no worker is running" }
        var table = TextTable(header: ["WORKER", "HOST", "PID", "RUNNING", "MEMORY", "UP", "STATE", "VERSION"])
        for worker in workers.sorted(by: { $0.id.rawValue < $1.id.rawValue }) {
            let up = worker.startedAt.map { Duration.seconds(max(0, Date().timeIntervalSince($0).rounded())) }
            table.rows.append([
                worker.queue.rawValue, Terminal.tamed(worker.host, width: 24), "\(worker.pid)",
                "\(worker.running)/\(worker.slots)", Bytes(worker.residentBytes).description,
                up.map { $0.formatted(.time(pattern: .hourMinuteSecond)) } ?? "-",
                worker.isDraining ? "draining" : "up", Terminal.tamed(worker.version, width: 16),
            ])
        }
        return table.rendered()
    }
}

/// The same facts for programs.
private struct StatusDocument: Encodable {
    struct Queue: Encodable {
        var queue: String
        var paused: Bool
        var waiting, running, delayed, waiting_for_others, dead, parked, workers, slots, processed, failed: Int
    }
    struct Worker: Encodable {
        var id, queue, host, version: String
        var pid, running, slots: Int
        var resident_bytes: Int64
    }
    struct Redis: Encodable {
        var used_bytes: Int64
        var limit_bytes: Int64?
        var used_percent: Int?
        var watermark_percent: Int
        var accepts_jobs: Bool
    }
    var queues: [Queue]
    var workers: [Worker]
    var redis: Redis?

    init(_ stats: [QueueStats], _ workers: [WorkerInfo], _ memory: RedisMemory?, percent: Int) {
        redis = memory.map {
            Redis(
                used_bytes: $0.usedBytes, limit_bytes: $0.limitBytes, used_percent: $0.percent,
                watermark_percent: percent, accepts_jobs: !$0.isOver(percent: percent))
        }
        queues = stats.map {
            Queue(
                queue: $0.queue.rawValue, paused: $0.isPaused, waiting: $0.waiting, running: $0.running,
                delayed: $0.delayed, waiting_for_others: $0.awaiting, dead: $0.dead, parked: $0.parked,
                workers: $0.workers, slots: $0.slots,
                processed: $0.processed, failed: $0.failed)
        }
        self.workers = workers.map {
            Worker(
                id: $0.id.rawValue, queue: $0.queue.rawValue, host: $0.host, version: $0.version, pid: $0.pid,
                running: $0.running, slots: $0.slots, resident_bytes: $0.residentBytes)
        }
    }
}
