import ArgumentParser
import Foundation
import Redis
import Synchronization

/// The time from just before a plain `LPUSH` to the first line of the handler, at a steady low rate.
struct StartLatency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Time from enqueue to start of a job on an idle worker.")

    @OptionGroup var server: Server
    @Option(help: "Jobs a second.") var rate = 100
    @Option(help: "Jobs in each run.") var jobs = 1_000
    @Option(help: "Runs.") var runs = 5
    @Flag(help: "Jobs that are answered at once instead of on a slot.") var immediate = false

    private final class Times: Sendable {
        let milliseconds = Mutex<[Double]>([])
    }

    func run() async throws {
        let url = try RedisURL(server.redis)
        var medians: [(p50: Double, p99: Double, ping: Double)] = []
        for run in 1...runs {
            let times = Times()
            let worker = try BenchWorker(
                redis: url, slots: 4, recordsSingleJobs: true, onSlots: !immediate
            ) { envelope in
                let now = monotonicNanoseconds()
                guard let sent = envelope.payload["sent"]?.int else { return }
                times.milliseconds.withLock { $0.append(Double(now - sent) / 1e6) }
            }
            let running = Task { await worker.runtime.run() }
            try await Task.sleep(for: .milliseconds(500))
            // A thread of its own: a producer in another process would not be woken by this process's tasks either.
            let (key, jobs, rate) = (worker.queueKey, jobs, rate)
            let pings = try await onThread { try Self.produce(url, key: key, jobs: jobs, rate: rate) }
            try await Task.sleep(for: .milliseconds(300))
            await worker.runtime.stop(grace: .seconds(2))
            await running.value
            let sorted = times.milliseconds.withLock { $0.sorted() }
            guard sorted.count == jobs else { throw ValidationError("only \(sorted.count) of \(jobs) jobs were run") }
            let result = (percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(pings.sorted(), 0.5))
            medians.append(result)
            print(
                "  run \(run): p50 \(text(result.0, 3)) ms, p99 \(text(result.1, 3)) ms; a PING takes \(text(result.2, 3)) ms"
            )
        }
        let p50 = percentile(medians.map(\.p50).sorted(), 0.5)
        let p99 = percentile(medians.map(\.p99).sorted(), 0.5)
        let ping = percentile(medians.map(\.ping).sorted(), 0.5)
        print(
            "enqueue to start at \(rate) jobs/s: p50 \(text(p50, 3)) ms, p99 \(text(p99, 3)) ms; "
                + "\(text(p50 / ping, 1)) and \(text(p99 / ping, 1)) times a PING")
    }

    /// Pushes jobs at a steady rate; returns how long a PING took before each, in milliseconds.
    private static func produce(_ url: RedisURL, key: String, jobs: Int, rate: Int) throws -> [Double] {
        var connection = try RedisConnection.open(url, name: "bench")
        var pings: [Double] = []
        var next = monotonicNanoseconds()
        for number in 0..<jobs {
            // In the middle between two jobs, so that it does not take part in the start of one.
            sleep(until: next + 500_000_000 / Int64(rate))
            next += 1_000_000_000 / Int64(rate)
            let before = monotonicNanoseconds()
            try connection.send("PING")
            pings.append(Double(monotonicNanoseconds() - before) / 1e6)
            sleep(until: next)
            let envelope =
                #"{"v":1,"id":"bench-\#(number)","kind":"bench","payload":{"sent":\#(monotonicNanoseconds())}}"#
            try connection.send("LPUSH", .text(key), .text(envelope))
        }
        return pings
    }

    private static func sleep(until nanoseconds: Int64) {
        let wait = nanoseconds - monotonicNanoseconds()
        if wait > 0 { usleep(UInt32(wait / 1_000)) }
    }
}

func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}
