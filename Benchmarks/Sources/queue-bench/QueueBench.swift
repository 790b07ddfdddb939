import ArgumentParser

/// Measures the queue against a Redis that is there for nothing else. A real worker runtime runs in this process; only
/// its handlers are the benchmark's own.
@main struct QueueBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue-bench", subcommands: [StartLatency.self, Throughput.self, Enqueue.self])
}

struct Server: ParsableArguments {
    @Option(help: "redis://host:port of a private server; a namespace of this run's own is used.") var redis: String
}
