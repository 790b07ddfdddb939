import ArgumentParser
import Glibc
import Model
import Pipeline
import Settings

/// The operator's tool. Each command is a file in Commands/.
@main
struct Flotilla: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla",
        abstract: "Watch and steer a Flotilla fleet.",
        discussion: "Settings come from FLOTILLA_* variables or the YAML file that FLOTILLA_CONFIG names.",
        version: Release.version,
        subcommands: [
            StatusCommand.self, WatchCommand.self, EnqueueCommand.self, JobCommand.self, LogCommand.self,
            QueueCommand.self,
            DeadCommand.self, QuarantineCommand.self, RecipeCommand.self, KeysCommand.self, MigrateCommand.self,
            SettingsCommand.self,
            TortureCommand.self, TortureWorkerCommand.self, TortureHelperCommand.self, TortureGateCommand.self,
        ])

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as SettingError {
            Terminal.complain(error.description)
            Glibc.exit(SettingError.exitStatus)
        } catch {
            exit(withError: error)
        }
    }
}
