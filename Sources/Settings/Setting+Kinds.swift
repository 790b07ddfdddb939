extension Setting where Value == Int {
    static func int(
        _ variable: String, _ summary: String, default value: Int, in range: ClosedRange<Int>, unit: String = ""
    )
        -> Setting
    {
        let unit = unit.isEmpty ? "" : " \(unit)"
        return Setting(
            variable: variable, summary: summary, allowed: "\(range.lowerBound) to \(range.upperBound)\(unit)",
            defaultText: String(value), isSecret: false
        ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
    }
}

extension Setting where Value == Duration {
    static func seconds(_ variable: String, _ summary: String, default value: Double, in range: ClosedRange<Double>)
        -> Setting
    {
        Setting(
            variable: variable, summary: summary,
            allowed: "\(plain(range.lowerBound)) to \(plain(range.upperBound)) seconds", defaultText: plain(value),
            isSecret: false
        ) { text in
            Double(text).flatMap { range.contains($0) ? Duration.milliseconds(Int64(($0 * 1000).rounded())) : nil }
        }
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() ? String(Int64(value)) : String(value)
    }
}

extension Setting where Value == Double {
    static func number(_ variable: String, _ summary: String, default value: Double, in range: ClosedRange<Double>)
        -> Setting
    {
        Setting(
            variable: variable, summary: summary, allowed: "\(range.lowerBound) to \(range.upperBound)",
            defaultText: String(value), isSecret: false
        ) { text in Double(text).flatMap { range.contains($0) ? $0 : nil } }
    }
}

extension Setting where Value == Bool {
    static func bool(_ variable: String, _ summary: String, default value: Bool) -> Setting {
        Setting(
            variable: variable, summary: summary, allowed: "true or false", defaultText: String(value), isSecret: false
        ) { text in
            switch text.lowercased() {
            case "true", "yes", "1", "on": true
            case "false", "no", "0", "off": false
            default: nil
            }
        }
    }
}

extension Setting where Value == String {
    static func text(
        _ variable: String, _ summary: String, default value: String?, allowed: String, isSecret: Bool = false,
        where isAllowed: @escaping @Sendable (String) -> Bool = { !$0.isEmpty }
    ) -> Setting {
        Setting(
            variable: variable, summary: summary, allowed: allowed, defaultText: value, isSecret: isSecret
        ) { isAllowed($0) ? $0 : nil }
    }
}

extension Setting where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static func choice(_ variable: String, _ summary: String, default value: Value) -> Setting {
        Setting(
            variable: variable, summary: summary,
            allowed: Value.allCases.map(\.rawValue).joined(separator: ", "), defaultText: value.rawValue,
            isSecret: false
        ) { Value(rawValue: $0.lowercased()) }
    }
}
