/// Full-jitter exponential backoff: a random wait from zero to `base · 2^(attempt − 1)`, at most `cap`.
///
/// Source: Amazon Builders' Library, “Timeouts, retries, and backoff with jitter”.
public struct Backoff: Sendable, Hashable {
    public var base: Duration
    public var cap: Duration

    public init(base: Duration = .seconds(1), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The longest wait after the given attempt (1, 2, 3 …) has failed.
    public func ceiling(attempt: Int) -> Duration {
        var wait = base
        for _ in 1..<max(1, min(attempt, 64)) where wait < cap { wait *= 2 }
        return min(wait, cap)
    }

    public func delay(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        ceiling(attempt: attempt) * Double.random(in: 0...1, using: &generator)
    }

    public func delay(attempt: Int) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return delay(attempt: attempt, using: &generator)
    }
}
