public import Model

/// Decides from the cause of a failure what happens next. Pure.
public struct RetryPolicy: Sendable, Hashable {
    public enum Decision: Sendable, Hashable {
        /// At once, the attempt not counted.
        case free
        case again(after: Duration)
        case dead
        case cancelled
    }

    public var backoff: Backoff
    public var maxCrashes: Int
    public var maxOutOfMemory: Int

    public init(_ settings: QueueSettings = QueueSettings()) {
        backoff = settings.backoff
        maxCrashes = settings.maxCrashes
        maxOutOfMemory = settings.maxOutOfMemory
    }

    public func decide(
        _ envelope: JobEnvelope, _ failure: JobFailure, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        let alike = envelope.failures.count { $0.code == failure.code } + 1
        switch failure.cause {
        case .infrastructure: return .free
        case .cancelled: return .cancelled
        case .badInput: return .dead
        case .crash where alike >= maxCrashes: return .dead
        case .outOfMemory where alike >= maxOutOfMemory: return .dead
        case .crash, .outOfMemory, .transient, .timeout, .internal: break
        }
        guard envelope.attempt < envelope.maxAttempts else { return .dead }
        return .again(after: backoff.delay(attempt: envelope.attempt, using: &generator))
    }
}
