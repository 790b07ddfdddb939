import ArgumentParser
import Foundation
import Glibc
import Torture

/// A worker of `flotilla torture`; started by it.
struct TortureWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture-worker", abstract: "A worker of flotilla torture.", shouldDisplay: false)

    func run() async throws {
        Glibc.exit(
            await TortureWorker.run(
                program: ProcessInfo.processInfo.processName,
                helperArguments: [TortureHelperCommand.configuration.commandName ?? ""]))
    }
}

/// A helper of that worker.
struct TortureHelperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture-helper", abstract: "A helper of that worker.", shouldDisplay: false)

    func run() throws { try TortureHelper.run() }
}

/// What that worker passes on its way, so that its system calls can be made to fail.
struct TortureGateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture-gate", abstract: "What that worker passes on its way.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.") var command: [String]

    func run() throws { try GateEntrance.pass(to: command) }
}
