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
    @Option(help: "Faults that are drawn a second (0.1 to 50).") var faults = 3.0
    @Option(help: "Private servers to break too: a folder as scripts/torture.sh makes it. Never one in use.")
    var servers: String?
    @Flag(help: "Print the report as JSON.") var json = false
    @Option(help: "A file that gets the report as JSON as well.") var report: String?

    func validate() throws {
        guard (0.2...1_440).contains(minutes) else { throw ValidationError("--minutes must be from 0.2 to 1440") }
        guard seed <= 999_999_999 else { throw ValidationError("--seed must be from 0 to 999999999") }
        guard (1...32).contains(workers) else { throw ValidationError("--workers must be from 1 to 32") }
        guard (1...64).contains(slots) else { throw ValidationError("--slots must be from 1 to 64") }
        guard (0.1...50).contains(faults) else { throw ValidationError("--faults must be from 0.1 to 50") }
        guard (1...5_000).contains(rate) else { throw ValidationError("--rate must be from 1 to 5000") }
    }

    func run() async throws {
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw ValidationError("there is no /proc to find this program in")
        }
        var options = Torture.Options(
            length: .milliseconds(Int64(minutes * 60_000)), seed: seed, program: program,
            servers: try servers.map { try ServerFolder($0) })
        options.workers = workers
        options.slots = slots
        options.jobsPerSecond = rate
        options.faultsPerSecond = faults
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
        let found = try await torture.run()
        let text = try JSON.string(found)
        if let report { try (text + "\n").write(toFile: report, atomically: true, encoding: .utf8) }
        Terminal.line(json ? text : found.table)
        if !found.isClean { throw ExitCode(1) }
    }
}
