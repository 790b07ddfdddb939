import Synchronization

/// The series of one family by their label values, bounded in number.
final class SeriesTable<Series: Sendable>: Sendable {
    private let labelCount: Int
    private let make: @Sendable () -> Series
    private let series = Mutex<[[String]: Series]>([:])

    init(labelCount: Int, make: @escaping @Sendable () -> Series) {
        self.labelCount = labelCount
        self.make = make
        if labelCount == 0 { series.withLock { $0[[]] = make() } }
    }

    subscript(_ values: [String]) -> Series {
        precondition(
            values.count == labelCount, "\(values.count) label values for \(labelCount) labels")
        return series.withLock { table in
            if let known = table[values] { return known }
            let key = table.count < Metrics.maxSeries ? values : values.map { _ in "other" }
            if let known = table[key] { return known }
            let new = make()
            table[key] = new
            return new
        }
    }

    var sorted: [(values: [String], series: Series)] {
        series.withLock { table in
            table.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
        }
    }
}

/// One series' figure, which many threads may change.
public final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    public func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, current) = bits.compareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = current
        }
    }
}

/// A figure that only rises.
public final class Counter: SeriesFamily {
    private let table: SeriesTable<AtomicDouble>

    init(labelCount: Int) { table = SeriesTable(labelCount: labelCount) { AtomicDouble() } }

    /// - Parameter values: one for each label name, in their order.
    public func increment(_ values: String..., by amount: Double = 1) {
        guard amount >= 0 else { return }
        table[values].add(amount)
    }

    public func value(_ values: String...) -> Double { table[values].value }

    /// The series itself, for callers that would else look it up for each of many thousand events a second.
    public func series(_ values: String...) -> AtomicDouble { table[values] }

    func write(to out: inout Exposition, name: String, labelNames: [String]) {
        for (values, series) in table.sorted {
            out.line(name, Array(zip(labelNames, values)), series.value)
        }
    }
}

/// A figure that rises and falls.
public final class Gauge: SeriesFamily {
    private let table: SeriesTable<AtomicDouble>

    init(labelCount: Int) { table = SeriesTable(labelCount: labelCount) { AtomicDouble() } }

    public func set(_ values: String..., to value: Double) { table[values].set(value) }

    public func add(_ values: String..., amount: Double) { table[values].add(amount) }

    /// The series itself, see ``Counter/series(_:)``.
    public func series(_ values: String...) -> AtomicDouble { table[values] }

    public func value(_ values: String...) -> Double { table[values].value }

    func write(to out: inout Exposition, name: String, labelNames: [String]) {
        for (values, series) in table.sorted {
            out.line(name, Array(zip(labelNames, values)), series.value)
        }
    }
}

/// How observations spread over buckets.
public final class Histogram: SeriesFamily {
    /// 1 ms to 10 minutes: from a request to a long video.
    public static let secondsBuckets: [Double] = [
        0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600,
    ]

    /// One series.
    public final class Spread: Sendable {
        struct Counts {
            var buckets: [Int]
            var count = 0
            var sum = 0.0
        }
        let counts: Mutex<Counts>
        private let bounds: [Double]

        init(bounds: [Double]) {
            self.bounds = bounds
            counts = Mutex(Counts(buckets: Array(repeating: 0, count: bounds.count)))
        }

        public func observe(_ value: Double) {
            let bucket = bounds.firstIndex { value <= $0 }
            counts.withLock { counts in
                if let bucket { counts.buckets[bucket] += 1 }
                counts.count += 1
                counts.sum += value
            }
        }

        /// Observes a duration in seconds.
        public func observe(_ duration: Duration) { observe(duration / .seconds(1)) }
    }

    private let buckets: [Double]
    private let table: SeriesTable<Spread>

    init(labelCount: Int, buckets: [Double]) {
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }, "buckets must ascend")
        self.buckets = buckets
        table = SeriesTable(labelCount: labelCount) { Spread(bounds: buckets) }
    }

    public func observe(_ values: String..., value: Double) { table[values].observe(value) }

    /// Observes a duration in seconds.
    public func observe(_ values: String..., duration: Duration) { table[values].observe(duration) }

    /// The series itself, see ``Counter/series(_:)``.
    public func series(_ values: String...) -> Spread { table[values] }

    public func count(_ values: String...) -> Int { table[values].counts.withLock { $0.count } }

    func write(to out: inout Exposition, name: String, labelNames: [String]) {
        for (values, series) in table.sorted {
            let labels = Array(zip(labelNames, values))
            let counts = series.counts.withLock { $0 }
            var below = 0
            for (bound, count) in zip(buckets, counts.buckets) {
                below += count
                out.line(name + "_bucket", labels + [("le", Exposition.number(bound))], Double(below))
            }
            out.line(name + "_bucket", labels + [("le", "+Inf")], Double(counts.count))
            out.line(name + "_sum", labels, counts.sum)
            out.line(name + "_count", labels, Double(counts.count))
        }
    }
}
