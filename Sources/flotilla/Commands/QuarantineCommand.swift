import ArgumentParser
import Catalog
import Foundation
import JobQueue
import Model
import Pipeline

/// `flotilla quarantine list|release CHECKSUM`.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Look at contents that crashed native code, and let them be tried again.",
        subcommands: [List.self, Release.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List contents that crashed native code, the latest first.",
            discussion: "An entry holds once it says “held”, and as long as workers have the engine that it names.")
        @Option(help: "How many (1 to 1000).") var limit = 50

        func run() async throws {
            guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
            let fleet = try Fleet.open(as: "flotilla quarantine")
            let crashes = try await fleet.catalog.crashes(limit: limit)
            guard !crashes.isEmpty else { return Terminal.line("nothing has crashed") }
            var table = TextTable(header: ["SHA-256", "OPERATION", "ENGINE", "CRASHES", "", "LAST", "REASON"])
            for entry in crashes {
                table.rows.append([
                    entry.sha256, entry.operation, Terminal.tamed(entry.crashes.engine, width: 32),
                    "\(entry.crashes.count)", entry.crashes.count < fleet.queueSettings.maxCrashes ? "" : "held",
                    entry.lastAt.formatted(.iso8601), Terminal.tamed(entry.error.message, width: 60),
                ])
            }
            Terminal.line(table.rendered())
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a content be tried again.",
            discussion:
                "Files that failed of it: POST /v1/queues/OPERATION/dead/retry {\"code\":\"quarantined\"} runs them again."
        )
        @Argument(help: "SHA-256 of the content, from the list.") var checksum: String
        @Option(help: "Only for scan, analyze or compress; otherwise for all of them.") var operation: QueueName?

        func validate() throws {
            guard checksum.utf8.count == 64, checksum.allSatisfy(\.isHexDigit) else {
                throw ValidationError("a checksum is 64 hexadecimal digits, from the list")
            }
        }

        func run() async throws {
            let count = try await Fleet.open(as: "flotilla quarantine").catalog.forgetCrashes(
                of: checksum.lowercased(), in: operation?.rawValue)
            guard count > 0 else {
                Terminal.complain("no entry with this checksum")
                throw ExitCode.failure
            }
            Terminal.line("released; \(count) \(count == 1 ? "entry is" : "entries are") gone")
        }
    }
}
