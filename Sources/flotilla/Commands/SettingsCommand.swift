import ArgumentParser
import Settings

/// `flotilla settings`.
struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "List every setting with default, range and meaning, as Markdown.")

    func run() { Terminal.line(Catalogue.markdown) }
}
