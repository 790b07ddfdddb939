import API
import ArgumentParser
import Glibc
import Logging
import Model
import Observability
import Pipeline
import Settings

@main
struct FlotillaAPI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-api",
        abstract: "Serves the HTTP API of the fleet.",
        discussion: """
            Configured by FLOTILLA_… variables or the YAML file that FLOTILLA_CONFIG names; docs/configuration.md lists \
            them. SIGTERM ends it within FLOTILLA_GRACE_SECONDS.
            """,
        version: Release.version)

    @concurrent
    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        do {
            let read = try SettingsReader()
            let settings = try APISettings(read)
            let logger = try CommonSettings(read).startLogging(service: "flotilla-api")
            let fleet = try Fleet.open(as: "flotilla-api", read, logger: logger)
            let metrics = Metrics()
            metrics.collectProcess()
            try await APIServer(fleet: fleet, settings: settings, metrics: metrics, logger: logger).run { port in
                logger.notice("Listening", metadata: ["host": "\(settings.address.host)", "port": "\(port)"])
            }
            logger.notice("Stopped")
        } catch let error as SettingError {
            LogSink.standardError.write("flotilla-api: \(error)\n")
            throw ExitCode(SettingError.exitStatus)
        } catch {
            LogSink.standardError.write("flotilla-api: \(Redaction.text("\(error)"))\n")
            throw ExitCode(1)
        }
    }
}
