import ArgumentParser
import Foundation
import Redis
import Synchronization

/// Jobs that do nothing, enqueued in bulk beforehand, run at least once with acknowledgements: by one worker, or by several,
/// each with its own connections, in this process.
struct Throughput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "No-op jobs a second of one worker process.")

    @OptionGroup var server: Server
    @Option(help: "Jobs in each run.") var jobs = 200_000
    @Option(help: "Runs.") var runs = 5
    @Option(help: "Workers.") var workers = 1
    @Option(help: "Slots of all workers together.") var slots = 200
    @Option(help: "Tenants in turn; 0: jobs name none.") var tenants = 0
    @Flag(help: "With a snapshot and a message for each job, as single jobs of users have them.") var recorded = false

    @Flag(help: "Each job as a task on a slot's thread.") var onSlots = false

    private final class Count: Sendable {
        let done = Atomic<Int>(0)
    }

    func run() async throws {
        let url = try RedisURL(server.redis)
        var rates: [Double] = []
        for run in 1...runs {
            let count = Count()
            let namespace = BenchWorker.freshNamespace()
            let workers = try (0..<workers).map { _ in
                try BenchWorker(
                    redis: url, namespace: namespace, slots: max(1, slots / self.workers), recordsSingleJobs: recorded,
                    onSlots: onSlots
                ) { _ in
                    count.done.add(1, ordering: .relaxed)
                }
            }
            var connection = try RedisConnection.open(url, name: "bench")
            let empty = try Self.serverMemory(&connection)
            try enqueue(workers[0].queueKey, &connection)
            let bytes = (try Self.serverMemory(&connection) - empty) / jobs
            let redisBefore = try Self.serverCPU(&connection)
            let ownBefore = Self.ownCPU()
            let began = ContinuousClock.now
            let running = workers.map { worker in Task { await worker.runtime.run() } }
            let stats = "{\(namespace)}:stats:scan"
            while try connection.send("HGET", .text(stats), "processed").string.flatMap({ Int($0) }) ?? 0 < jobs {
                try await Task.sleep(for: .milliseconds(2))
            }
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            let own = (Self.ownCPU() - ownBefore) / Double(jobs) * 1e6
            let redis = (try Self.serverCPU(&connection) - redisBefore) / Double(jobs) * 1e6
            await withTaskGroup { group in
                for worker in workers { group.addTask { await worker.runtime.stop(grace: .seconds(2)) } }
            }
            for task in running { await task.value }
            guard count.done.load(ordering: .relaxed) == jobs else {
                throw ValidationError("\(count.done.load(ordering: .relaxed)) of \(jobs) jobs were run")
            }
            rates.append(Double(jobs) / seconds)
            print(
                "  run \(run): \(Int(rates[rates.count - 1])) jobs/s; CPU a job: worker \(text(own)) µs, Redis \(text(redis)) µs; "
                    + "\(bytes) bytes of Redis for each waiting job"
            )
            try connection.send("FLUSHALL")
        }
        print("no-op jobs: \(Int(percentile(rates.sorted(), 0.5))) jobs/s (median of \(runs))")
    }

    private func enqueue(_ key: String, _ connection: inout RedisConnection) throws {
        for start in stride(from: 0, to: jobs, by: 1_000) {
            var command: [RedisArgument] = ["LPUSH", .text(key)]
            for number in start..<min(start + 1_000, jobs) {
                let tenant = tenants > 0 ? #","tenant":"tenant-\#(number % tenants)""# : ""
                let id = String(format: "%08x-0000-4000-8000-%012x", UInt32.random(in: 0...UInt32.max), number)
                command.append(.text(#"{"v":1,"id":"\#(id)","kind":"bench","payload":{"n":\#(number)}\#(tenant)}"#))
            }
            try connection.send(command)
        }
    }

    private static func serverMemory(_ connection: inout RedisConnection) throws -> Int {
        let info = try connection.send("INFO", "memory").string ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory_dataset:") }
        return line?.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    private static func serverCPU(_ connection: inout RedisConnection) throws -> Double {
        let info = try connection.send("INFO", "cpu").string ?? ""
        return info.split(whereSeparator: \.isNewline)
            .filter { $0.hasPrefix("used_cpu_user:") || $0.hasPrefix("used_cpu_sys:") }
            .compactMap { $0.split(separator: ":").last.flatMap { Double($0) } }.reduce(0, +)
    }

    private static func ownCPU() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
