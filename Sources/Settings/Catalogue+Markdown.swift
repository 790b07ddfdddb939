extension Catalogue {
    /// The settings as the Markdown table of docs/configuration.md.
    public static var markdown: String {
        var lines = ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
        for setting in all {
            let fallback = setting.defaultText.map { $0.isEmpty ? "" : "`\($0)`" } ?? "–"
            lines.append("| `\(setting.variable)` | \(fallback) | \(setting.allowed) | \(setting.summary) |")
        }
        return lines.joined(separator: "\n")
    }
}
