import ArgumentParser
import Glibc
import Model
import Pipeline

/// Pulls files from the `scan` queue and has them scanned for viruses.
@main
struct ScanWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-scan-worker", abstract: "Scans uploaded files for viruses.",
        discussion: "Configured by FLOTILLA_* variables; see docs/configuration.md.", version: Release.version)

    func run() async throws {
        Glibc.exit(await WorkerProcess.run("flotilla-scan-worker", queue: .scan) { try await Crews.scan($0) })
    }
}
