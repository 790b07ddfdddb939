import ArgumentParser
import Glibc
import Model
import Pipeline

/// Pulls files from the `analyze` queue, has pictures looked at, and proposes names.
@main
struct AnalyzeWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-analyze-worker", abstract: "Analyses pictures and proposes file names.",
        discussion: "Configured by FLOTILLA_* variables; see docs/configuration.md.", version: Release.version)

    func run() async throws {
        Glibc.exit(await WorkerProcess.run("flotilla-analyze-worker", queue: .analyze) { try await Crews.analyze($0) })
    }
}
