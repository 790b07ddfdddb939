import ArgumentParser
import JobQueue
import Model
import Pipeline

/// `flotilla log ID`.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Print what a job told about its attempts.")
    @Argument(help: "The job's id.") var id: String

    func run() async throws {
        let id = try JobCommand.parsed(id)
        for line in try await Fleet.open(as: "flotilla log").queue.log(of: id) {
            Terminal.line("\(line.at)  \(line.attempt)  \(Terminal.tamed(line.line, width: LogLine.maxBytes))")
        }
    }
}
