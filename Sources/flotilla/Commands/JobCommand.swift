import ArgumentParser
import JobQueue
import Model
import Pipeline

/// `flotilla job show|cancel ID`.
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Show or cancel one job.", subcommands: [Show.self, Cancel.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print where a job is.")
        @Argument(help: "The job's id.") var id: String

        func run() async throws {
            let id = try parsed(id)
            guard let state = try await Fleet.open(as: "flotilla job").queue.state(of: id) else {
                throw ValidationError("Redis knows no job \(id)")
            }
            var fields: [(String, String)] = [("id", id.rawValue), ("state", state.state.rawValue)]
            if let queue = state.queue { fields.append(("queue", queue.rawValue)) }
            if let kind = state.kind { fields.append(("kind", kind)) }
            if let attempt = state.attempt { fields.append(("attempt", "\(attempt)")) }
            if !state.waitingFor.isEmpty {
                fields.append(("waiting_for", state.waitingFor.map(\.rawValue).joined(separator: " ")))
            }
            if let percent = state.percent { fields.append(("percent", "\(percent)")) }
            if let error = state.error { fields.append(("error", "\(error.code): \(error.message)")) }
            if let result = state.result { fields.append(("result", try JSON.string(result))) }
            for (name, value) in fields { Terminal.line("\(name): \(Terminal.tamed(value, width: 2000))") }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel a job: dropped when it waits, stopped when it runs.")
        @Argument(help: "The job's id.") var id: String

        func run() async throws {
            let id = try parsed(id)
            try await Fleet.open(as: "flotilla job").queue.cancel([id])
            Terminal.line("\(id) is cancelled")
        }
    }

    static func parsed(_ text: String) throws -> JobID {
        guard let id = JobID(text) else { throw ValidationError("a job id is 1 to 128 letters, digits or -_.:") }
        return id
    }
}

private func parsed(_ text: String) throws -> JobID { try JobCommand.parsed(text) }
