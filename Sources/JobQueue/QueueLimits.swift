/// What all workers of a queue together may run; nil: as much as they can.
///
/// Every worker of a queue has to be told the same: each keeps to what it was told.
public struct QueueLimits: Sendable, Hashable {
    /// Jobs of the queue that run at the same time, 1 or more.
    public var jobs: Int?
    /// Jobs of the queue that start in a second, above 0. As many as that may start at once after a pause.
    public var startsPerSecond: Double?
    /// The same for the jobs of each tenant.
    public var jobsPerTenant: Int?
    public var startsPerSecondPerTenant: Double?

    public init() {}

    /// As `exchange.lua` reads it; empty without limits.
    var wire: String {
        guard self != QueueLimits() else { return "" }
        return "\(jobs ?? 0) \(startsPerSecond ?? 0) \(jobsPerTenant ?? 0) \(startsPerSecondPerTenant ?? 0)"
    }
}
