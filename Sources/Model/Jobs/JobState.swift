/// Where a job is in its life; docs/architecture.md has the diagram.
public enum JobState: String, Sendable, Hashable, Codable, CaseIterable {
    /// Recorded, or on the queue's list.
    case queued
    case delayed
    /// For other jobs to end.
    case waiting
    case running
    case done
    /// Out of attempts or beyond repair: kept with its reason until retried or discarded by hand.
    case dead
    case cancelled
    /// Its kind or version is unknown to every worker so far.
    case parked

    public var isFinal: Bool { self == .done || self == .dead || self == .cancelled }
}
