import Logging
import Pipeline
import Settings

extension Fleet {
    /// The fleet for one command; says nothing in logs but warnings.
    static func open(as name: String) throws -> Fleet {
        var logger = Logger(label: name, factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        return try Fleet.open(as: name, try SettingsReader(), logger: logger)
    }
}
