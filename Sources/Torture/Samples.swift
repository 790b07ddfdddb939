/// Durations, and what can be said of them.
public struct Samples: Sendable, Hashable {
    private var values: [Duration] = []

    public init() {}

    public mutating func add(_ value: Duration) { values.append(value) }

    public var count: Int { values.count }

    /// The nearest-rank percentile; nil without samples.
    public func percentile(_ percent: Int) -> Duration? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        let rank = (sorted.count * percent + 99) / 100
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    public var maximum: Duration? { values.max() }
}
