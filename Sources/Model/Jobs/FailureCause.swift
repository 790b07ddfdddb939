/// Whose fault a failed attempt was; the cause decides the retry.
public enum FailureCause: String, Sendable, Hashable, Codable, CaseIterable {
    /// The worker was stopped, killed or lost: runs again at once, the attempt is not counted.
    case infrastructure
    /// Storage, database or network in trouble: full-jitter exponential backoff.
    case transient
    /// The helper ran out of its memory limit.
    case outOfMemory = "out_of_memory"
    /// Native code crashed: tried twice, then dead.
    case crash
    /// Ran longer than its `timeout_ms`.
    case timeout
    /// The input can never work: dead at once, with a reason code.
    case badInput = "bad_input"
    /// The fleet's own mistake (a bug): retried like `transient`.
    case `internal`
    case cancelled
}

/// Why one attempt failed: the cause, a stable code, and a sentence for people.
public struct JobFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    public var cause: FailureCause
    /// Lower snake case, stable: `truncated`, `pixel_limit`, `storage_unavailable` …
    public var code: String
    public var message: String
    /// The last lines a helper wrote to stderr, at most 4 KiB.
    public var stderrTail: String?

    public init(_ cause: FailureCause, code: String, message: String, stderrTail: String? = nil) {
        self.cause = cause
        self.code = code
        self.message = message
        self.stderrTail = stderrTail
    }

    public var description: String { "\(code): \(message)" }
}
