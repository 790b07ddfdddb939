/// What a scan says of a file. The library itself knows clean and infected only: it calls a file clean that it could
/// not look into, and reports limits as viruses.
public enum ScanOutcome: Sendable, Hashable {
    case clean
    /// - Parameter signature: its name; `.UNOFFICIAL` at the end when it is not from ClamAV's own database.
    case infected(signature: String)
    /// A password protects the file or a member of it.
    case encrypted(what: String)
    /// The file, a member of it, or all members together are larger than may be scanned.
    case tooLarge(limit: String)
    /// The engine did not, or could not, look at all of it.
    case unscannable(reason: String)

    /// From the names of all alerts of one file. A virus outweighs everything, then what is hidden, then limits.
    init(alerts: [String]) {
        var found: [ScanOutcome] = alerts.map(Self.one)
        found.sort { $0.weight > $1.weight }
        self = found.first ?? .clean
    }

    private static func one(_ alert: String) -> ScanOutcome {
        if alert.hasPrefix("Heuristics.Encrypted.") { return .encrypted(what: alert) }
        if alert.hasPrefix("Heuristics.Limits.Exceeded.MaxFileSize")
            || alert.hasPrefix("Heuristics.Limits.Exceeded.MaxScanSize")
        {
            return .tooLarge(limit: alert)
        }
        let hindrances = [
            "Heuristics.Limits.Exceeded", "Heuristics.Broken.", "Heuristics.Zip.OverlappingFiles",
            "Heuristics.XZ.DicSizeLimit",
        ]
        if hindrances.contains(where: { alert.hasPrefix($0) }) { return .unscannable(reason: alert) }
        return .infected(signature: alert)
    }

    private var weight: Int {
        switch self {
        case .infected: 4
        case .encrypted: 3
        case .tooLarge: 2
        case .unscannable: 1
        case .clean: 0
        }
    }
}
