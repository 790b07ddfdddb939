public import Foundation
import Yams

/// Reads settings: the environment first, then the YAML file that `FLOTILLA_CONFIG` names, then the default.
public struct SettingsReader: Sendable {
    private let environment: [String: String]
    private let file: [String: String]

    /// - Throws: ``SettingError`` when the file cannot be read, is not a flat YAML mapping, or has an unknown key.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(SettingError) {
        self.environment = environment
        guard let path = environment["FLOTILLA_CONFIG"], !path.isEmpty else {
            file = [:]
            return
        }
        file = try Self.load(path)
    }

    /// - Throws: ``SettingError`` naming the variable, the value (unless secret) and what is allowed.
    public func callAsFunction<Value>(_ setting: Setting<Value>) throws(SettingError) -> Value {
        guard let value = try optional(setting) else {
            throw SettingError(
                variable: setting.variable, problem: "is not set and has no default; allowed: \(setting.allowed)")
        }
        return value
    }

    /// The value, or nil when neither the environment, the file nor a default has one.
    public func optional<Value>(_ setting: Setting<Value>) throws(SettingError) -> Value? {
        guard let text = text(setting) else { return nil }
        guard let value = setting.parse(text) else {
            let shown = setting.isSecret ? "the value given" : "“\(text.prefix(100))”"
            throw SettingError(
                variable: setting.variable, problem: "\(shown) is not allowed; allowed: \(setting.allowed)")
        }
        return value
    }

    private func text<Value>(_ setting: Setting<Value>) -> String? {
        if let value = environment[setting.variable], !value.isEmpty { return value }
        return file[setting.variable] ?? setting.defaultText
    }

    private static func load(_ path: String) throws(SettingError) -> [String: String] {
        func wrong(_ problem: String) -> SettingError {
            SettingError(variable: "FLOTILLA_CONFIG", problem: "\(path): \(problem)")
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw wrong("cannot be read as UTF-8 text")
        }
        guard let node = try? Yams.compose(yaml: text) else {
            throw wrong("is not valid YAML")
        }
        guard case .mapping(let mapping) = node else { throw wrong("must be a mapping of setting names to values") }
        var values: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.string, case .scalar(let scalar) = value else {
                throw wrong("line \(key.mark?.line ?? 0): a setting has one plain value")
            }
            let variable = "FLOTILLA_" + name.uppercased()
            guard Catalogue.all.contains(where: { $0.variable == variable }) else {
                throw wrong("line \(key.mark?.line ?? 0): “\(name)” is no setting")
            }
            values[variable] = scalar.string
        }
        return values
    }
}
