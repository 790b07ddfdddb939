import ArgumentParser
import Glibc
import Model
import Pipeline

/// Pulls finished batches from the `export` queue and packs them as ZIP.
@main
struct ExportWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-export-worker", abstract: "Packs finished batches as ZIP archives.",
        discussion: "Configured by FLOTILLA_* variables; see docs/configuration.md.", version: Release.version)

    func run() async throws {
        Glibc.exit(await WorkerProcess.run("flotilla-export-worker", queue: .export) { Crews.export($0) })
    }
}
