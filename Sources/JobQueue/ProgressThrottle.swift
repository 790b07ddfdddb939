/// Lets at most one message an interval through and keeps the last one until its time has come.
///
/// Pure: the caller brings the time. With the default interval that is four messages a second.
public struct ProgressThrottle<Message: Sendable>: Sendable {
    public let interval: Duration
    private var nextAt: ContinuousClock.Instant?
    private var kept: Message?

    public init(interval: Duration = .milliseconds(250)) { self.interval = interval }

    /// The message to send now, or nil when it is kept. A newer message takes a kept one's place.
    public mutating func offer(_ message: Message, at now: ContinuousClock.Instant) -> Message? {
        if let nextAt, now < nextAt {
            kept = message
            return nil
        }
        nextAt = now + interval
        kept = nil
        return message
    }

    /// When ``take(at:)`` has something to send; nil when nothing is kept.
    public var dueAt: ContinuousClock.Instant? { kept == nil ? nil : nextAt }

    /// The kept message, once its time has come.
    public mutating func take(at now: ContinuousClock.Instant) -> Message? {
        guard let nextAt, now >= nextAt, let message = kept else { return nil }
        kept = nil
        self.nextAt = now + interval
        return message
    }

    /// The kept message, now: before something that must come after it.
    public mutating func flush() -> Message? {
        defer { kept = nil }
        return kept
    }
}
