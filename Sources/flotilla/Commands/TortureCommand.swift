import ArgumentParser
import Foundation
import Logging
import Model
import Pipeline
import Settings
import Synchronization
import Torture

/// `flotilla torture --minutes 10 --seed 7`.
struct TortureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture", abstract: "Break workers of its own at random, and prove that no job is lost.",
        discussion: """
            Runs on the configured Redis and PostgreSQL, in a namespace and a schema of its own that are removed
            afterwards; nothing else there is touched. Exit status 1: a promise was not kept.
            """)

    @Option(help: "How long the faults go on (0.2 to 1440).") var minutes = 5.0
    @Option(help: "The same seed gives the same jobs and faults (0 to 999999999).") var seed: UInt64 = 1
    @Option(help: "Worker processes (1 to 32).") var workers = 3
    @Option(help: "Jobs each of them runs at a time (1 to 64).") var slots = 4
    @Option(help: "Jobs that are accepted a second (1 to 5000).") var rate = 60
    @Option(help: "Private servers to break too: a folder as scripts/torture.sh makes it. Never one in use.")
    var servers: String?
    @Flag(help: "Print the report as JSON.") var json = false

    func validate() throws {
        guard (0.2...1_440).contains(minutes) else { throw ValidationError("--minutes must be from 0.2 to 1440") }
        guard seed <= 999_999_999 else { throw ValidationError("--seed must be from 0 to 999999999") }
        guard (1...32).contains(workers) else { throw ValidationError("--workers must be from 1 to 32") }
        guard (1...64).contains(slots) else { throw ValidationError("--slots must be from 1 to 64") }
        guard (1...5_000).contains(rate) else { throw ValidationError("--rate must be from 1 to 5000") }
    }

    func run() async throws {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let program = (own as NSString).deletingLastPathComponent + "/flotilla-export-worker"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw ValidationError("\(program) is missing: it has to be beside this program")
        }
        var options = Torture.Options(
            length: .milliseconds(Int64(minutes * 60_000)), seed: seed, program: program,
            servers: try servers.map { try ServerFolder($0) })
        options.workers = workers
        options.slots = slots
        options.jobsPerSecond = rate
        var logger = Logger(label: "flotilla torture", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .error
        let isStopped = Mutex(false)
        let signals = StopSignals()
        // Ends with the process; nobody waits for it.
        let stopping = Task {
            await signals.wait()
            isStopped.withLock { $0 = true }
        }
        defer { stopping.cancel() }
        let torture = Torture(
            options, environment: ProcessInfo.processInfo.environment, logger: logger,
            isStopped: { isStopped.withLock { $0 } }, note: { Terminal.complain($0) })
        let report = try await torture.run()
        Terminal.line(json ? try JSON.string(report) : report.table)
        if !report.isClean { throw ExitCode(1) }
    }
}
