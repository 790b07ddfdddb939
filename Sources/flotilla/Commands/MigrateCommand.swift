import ArgumentParser
import Catalog
import Pipeline

/// `flotilla migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database schema up to date; safe to run at any time.")

    func run() async throws {
        let applied = try await Fleet.open(as: "flotilla migrate").catalog.migrate()
        for name in applied { Terminal.line("applied \(name)") }
        if applied.isEmpty { Terminal.line("the schema is up to date") }
    }
}
