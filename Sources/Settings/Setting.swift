/// One setting: its name, what it means, its default, its range and its unit. This is the only place these stand;
/// docs/configuration.md is checked against it by a test.
public struct Setting<Value: Sendable>: Sendable {
    /// The environment variable, `FLOTILLA_…`. In the YAML file the same name without the prefix, in lower case.
    public let variable: String
    public let summary: String
    /// What is allowed, in words: `1 to 64`, `host:port`.
    public let allowed: String
    /// As it would be written in the environment; nil: there is no default.
    public let defaultText: String?
    /// Whether the value is a secret that may not be shown.
    public let isSecret: Bool
    /// Turns text into a value, or nil when it is not allowed.
    let parse: @Sendable (String) -> Value?
}

/// A value that is not allowed, or one that is missing: one clear line, exit status 78 (`EX_CONFIG`, sysexits.h).
public struct SettingError: Error, Sendable, Hashable, CustomStringConvertible {
    public static let exitStatus: Int32 = 78

    public let variable: String
    public let problem: String

    public init(variable: String, problem: String) {
        self.variable = variable
        self.problem = problem
    }

    public var description: String { "\(variable): \(problem)" }
}

/// What docs/configuration.md shows of a setting.
public struct SettingDescription: Sendable, Hashable {
    public let variable: String
    public let summary: String
    public let allowed: String
    public let defaultText: String?
    public let isSecret: Bool
}

extension Setting {
    var description: SettingDescription {
        SettingDescription(
            variable: variable, summary: summary, allowed: allowed, defaultText: defaultText, isSecret: isSecret)
    }
}
