import ArgumentParser
import Foundation
import JobQueue
import Model
import Redis

/// How fast one producer puts jobs on a queue: with plain commands, and through the library's script, which also looks at
/// limits and leaves a snapshot of each job.
struct Enqueue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Jobs a second that one producer enqueues.")

    @OptionGroup var server: Server
    @Option(help: "Jobs in each run.") var jobs = 50_000
    @Option(help: "Runs.") var runs = 5

    func run() async throws {
        let url = try RedisURL(server.redis)
        let (jobs, runs) = (jobs, runs)
        let key: RedisArgument = "{bench}:queue:scan"
        let raws = (0..<jobs).map { number in
            #"{"v":1,"id":"\#(UUID().uuidString.lowercased())","kind":"bench","payload":{"n":\#(number)}}"#
        }
        try await measure("PING, one a round trip (what the connection can do)") { connection in
            for _ in 0..<jobs { try connection.send("PING") }
        }
        try await measure("LPUSH, one a round trip") { connection in
            for raw in raws { try connection.send("LPUSH", key, .text(raw)) }
        }
        try await measure("LPUSH, 100 in a pipeline") { connection in
            for start in stride(from: 0, to: jobs, by: 100) {
                var commands = CommandBuffer()
                for raw in raws[start..<min(start + 100, jobs)] { commands.append("LPUSH", key, .text(raw)) }
                _ = try connection.pipeline(commands)
            }
        }
        try await measure("LPUSH of 1,000 elements") { connection in
            for start in stride(from: 0, to: jobs, by: 1_000) {
                try connection.send(["LPUSH", key] + raws[start..<min(start + 1_000, jobs)].map { .text($0) })
            }
        }
        var settings = QueueSettings()
        settings.namespace = "bench"
        settings.maxWaiting = 10_000_000
        let queue = JobQueue(client: RedisClient(url, name: "bench"), settings: settings)
        let envelopes = (0..<jobs).map { JobEnvelope(kind: "bench", payload: ["n": .int(Int64($0))]) }
        for size in [1, 1_000] {
            var rates: [Double] = []
            let jobs = size == 1 ? jobs / 5 : jobs
            for _ in 0..<runs {
                let began = ContinuousClock.now
                for start in stride(from: 0, to: jobs, by: size) {
                    _ = try await queue.enqueue(Array(envelopes[start..<min(start + size, jobs)]), on: .scan)
                }
                rates.append(Double(jobs) / ((ContinuousClock.now - began) / .seconds(1)))
                try await onThread {
                    var connection = try RedisConnection.open(url, name: "bench")
                    try connection.send("FLUSHALL")
                }
            }
            print("enqueue(), \(size) a call: \(Int(percentile(rates.sorted(), 0.5))) jobs/s")
        }
    }

    private func measure(
        _ what: String, _ body: @escaping @Sendable (inout RedisConnection) throws -> Void
    ) async throws {
        let url = try RedisURL(server.redis)
        var rates: [Double] = []
        for _ in 0..<runs {
            let seconds = try await onThread {
                var connection = try RedisConnection.open(url, name: "bench")
                let began = ContinuousClock.now
                try body(&connection)
                let seconds = (ContinuousClock.now - began) / .seconds(1)
                try connection.send("FLUSHALL")
                return seconds
            }
            rates.append(Double(jobs) / seconds)
        }
        print("\(what): \(Int(percentile(rates.sorted(), 0.5))) a second")
    }
}
