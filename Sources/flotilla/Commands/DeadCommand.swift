import ArgumentParser
import Foundation
import JobQueue
import Model
import Pipeline

/// `flotilla dead list|retry|discard QUEUE`.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Look at dead jobs, run them again, or drop them.",
        subcommands: [List.self, Retry.self, Discard.self])

    /// Which dead jobs a command is about.
    struct Selection: ParsableArguments {
        @Argument(help: "scan, analyze, compress or export.") var queue: QueueName
        @Option(name: .customLong("id"), help: "This job; may be given several times.") var ids: [String] = []
        @Option(help: "Only those that died with this code.") var code: String?
        @Flag(help: "Every dead job of the queue.") var all = false

        func validate() throws {
            guard all || !ids.isEmpty || code != nil else { throw ValidationError("say --id, --code or --all") }
        }

        func jobIDs() throws -> [JobID]? { ids.isEmpty ? nil : try ids.map(JobCommand.parsed) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List dead jobs, newest first.")
        @Argument(help: "scan, analyze, compress or export.") var queue: QueueName
        @Option(help: "How many (1 to 1000).") var limit = 50
        @Flag(help: "Everything that is known of each, as JSON lines.") var json = false

        func run() async throws {
            guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
            let page = try await Fleet.open(as: "flotilla dead").queue.dead(queue, limit: limit, cursor: nil)
            if json {
                for job in page.items { Terminal.line(try JSON.string(job)) }
                return
            }
            guard !page.items.isEmpty else { return Terminal.line("no dead jobs in \(queue.rawValue)") }
            var table = TextTable(header: ["ID", "KIND", "CODE", "ATTEMPTS", "DIED", "REASON"])
            for job in page.items {
                table.rows.append([
                    job.id.rawValue, Terminal.tamed(job.kind, width: 24), job.code, "\(job.attempts)",
                    job.at.formatted(.iso8601), Terminal.tamed(job.reason, width: 60),
                ])
            }
            Terminal.line(table.rendered())
            if page.nextCursor != nil { Terminal.line("… more; raise --limit") }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put dead jobs back on their queue.")
        @OptionGroup var selection: Selection

        func run() async throws {
            let queue = try Fleet.open(as: "flotilla dead").queue
            let count = try await queue.retryDead(
                selection.queue, ids: try selection.jobIDs(), code: selection.code)
            Terminal.line("\(count) jobs are queued again")
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget dead jobs.")
        @OptionGroup var selection: Selection

        func run() async throws {
            let queue = try Fleet.open(as: "flotilla dead").queue
            let count = try await queue.discardDead(
                selection.queue, ids: try selection.jobIDs(), code: selection.code)
            Terminal.line("\(count) dead jobs are gone")
        }
    }
}
