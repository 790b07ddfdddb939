import Glibc
public import Logging
public import Settings
import Synchronization

/// Writes each log event as one line to a descriptor: JSON for machines or text for people.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let service: String
    private let format: LogFormat
    private let sink: LogSink

    public init(service: String, format: LogFormat, level: Logger.Level, sink: LogSink) {
        self.service = service
        self.format = format
        logLevel = level
        self.sink = sink
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        switch format {
        case .json: sink.write(LogFormatting.json(event, service: service, metadata: all, at: now))
        case .text: sink.write(LogFormatting.text(event, service: service, metadata: all, at: now))
        }
    }
}

/// Where log lines go; lines of several threads are never mixed.
public final class LogSink: Sendable {
    private let descriptor: Int32
    private let lock = Mutex(())

    public static let standardError = LogSink(descriptor: STDERR_FILENO)

    /// - Parameter descriptor: open for writing as long as the sink is used; the sink does not close it.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    /// Writes text as it is, for a line that is no log event.
    public func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ line: [UInt8]) {
        lock.withLock { _ in
            var rest = line[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return }
                rest = rest.dropFirst(written)
            }
        }
    }
}

extension CommonSettings {
    /// Sends all logs of this process to stderr, in the format and from the level that the settings ask for.
    ///
    /// Call it once, before the first logger is made.
    /// - Parameter service: the executable's name.
    /// - Returns: a logger for the process.
    public func startLogging(service: String) -> Logger {
        let level = Logger.Level(rawValue: logLevel.rawValue) ?? .info
        let format = logFormat
        LoggingSystem.bootstrap { _ in
            LineLogHandler(service: service, format: format, level: level, sink: .standardError)
        }
        return Logger(label: service)
    }
}
