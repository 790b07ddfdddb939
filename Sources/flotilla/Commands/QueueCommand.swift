import ArgumentParser
import JobQueue
import Model
import Pipeline

/// `flotilla queue pause|resume QUEUE`.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "Pause or resume a queue.", subcommands: [Pause.self, Resume.self, Unpark.self])

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop claiming from a queue; running jobs go on.")
        @Argument(help: "scan, analyze, compress or export.") var queue: QueueName

        func run() async throws {
            try await Fleet.open(as: "flotilla queue").queue.pause(queue)
            Terminal.line("\(queue.rawValue) is paused")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Claim from a queue again.")
        @Argument(help: "scan, analyze, compress or export.") var queue: QueueName

        func run() async throws {
            try await Fleet.open(as: "flotilla queue").queue.resume(queue)
            Terminal.line("\(queue.rawValue) is open")
        }
    }

    struct Unpark: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Offer the parked jobs of a queue again.")
        @Argument(help: "scan, analyze, compress or export.") var queue: QueueName

        func run() async throws {
            let count = try await Fleet.open(as: "flotilla queue").queue.retryParked(queue)
            Terminal.line("\(count) parked jobs are offered again")
        }
    }
}
