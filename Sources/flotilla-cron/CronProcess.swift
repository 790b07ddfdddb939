import ArgumentParser
import Glibc
import Model
import Pipeline

/// Fires the scheduled recipes. Any number may run: each tick fires once.
@main
struct CronProcess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-cron", abstract: "Fires scheduled recipes, each tick once however many of these run.",
        discussion: "Configured by FLOTILLA_* variables; see docs/configuration.md.", version: Release.version)

    func run() async throws { Glibc.exit(await SchedulerProcess.run()) }
}
