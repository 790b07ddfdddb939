import ArgumentParser
import Glibc
import Model
import Pipeline

/// Pulls files from the `compress` queue and has smaller variants of pictures and videos made.
@main
struct CompressWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-compress-worker", abstract: "Compresses pictures and videos.",
        discussion: "Configured by FLOTILLA_* variables; see docs/configuration.md.", version: Release.version)

    func run() async throws {
        Glibc.exit(
            await WorkerProcess.run("flotilla-compress-worker", queue: .compress) { try await Crews.compress($0) })
    }
}
