import Synchronization

/// All figures of one process; ``exposition()`` writes them as Prometheus reads them.
///
/// A name with its help is registered once and may be asked for again. Label names are fixed at registration; values
/// should come from small fixed sets. After ``maxSeries`` different combinations the rest is counted together as `other`.
public final class Metrics: Sendable {
    public static let maxSeries = 1000

    private struct Family {
        let help: String
        let kind: Kind
        let labelNames: [String]
        let body: any SeriesFamily
    }

    enum Kind: String { case counter, gauge, histogram }

    private struct State {
        var families: [String: Family] = [:]
        var order: [String] = []
        var collectors: [@Sendable () -> [Sample]] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// A figure that only rises. By convention its name ends in `_total`.
    public func counter(_ name: String, _ help: String, labels: [String] = []) -> Counter {
        register(name, help, .counter, labels) { Counter(labelCount: labels.count) }
    }

    /// A figure that rises and falls.
    public func gauge(_ name: String, _ help: String, labels: [String] = []) -> Gauge {
        register(name, help, .gauge, labels) { Gauge(labelCount: labels.count) }
    }

    /// How observations spread over buckets.
    ///
    /// - Parameter buckets: upper bounds, ascending; `+Inf` is added.
    public func histogram(
        _ name: String, _ help: String, labels: [String] = [],
        buckets: [Double] = Histogram.secondsBuckets
    ) -> Histogram {
        register(name, help, .histogram, labels) {
            Histogram(labelCount: labels.count, buckets: buckets)
        }
    }

    /// Figures that are looked up each time somebody asks for them.
    public func collect(_ collector: @escaping @Sendable () -> [Sample]) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// One figure of a collector.
    public struct Sample: Sendable {
        let name: String, help: String, isCounter: Bool, labels: [(String, String)], value: Double

        public init(
            _ name: String, _ help: String, isCounter: Bool = false, labels: [(String, String)] = [],
            _ value: Double
        ) {
            self.name = name
            self.help = help
            self.isCounter = isCounter
            self.labels = labels
            self.value = value
        }
    }

    private func register<F: SeriesFamily>(
        _ name: String, _ help: String, _ kind: Kind, _ labels: [String], _ make: () -> F
    ) -> F {
        precondition(Exposition.isMetricName(name), "“\(name)” is no metric name")
        precondition(labels.allSatisfy(Exposition.isLabelName), "\(labels) has a bad label name")
        return state.withLock { state in
            if let known = state.families[name] {
                guard let body = known.body as? F, known.labelNames == labels else {
                    preconditionFailure("\(name) is registered twice with different shapes")
                }
                return body
            }
            let body = make()
            state.families[name] = Family(help: help, kind: kind, labelNames: labels, body: body)
            state.order.append(name)
            return body
        }
    }

    /// Everything as Prometheus text, version 0.0.4.
    public func exposition() -> String {
        let (families, collectors) = state.withLock { state in
            (state.order.compactMap { name in state.families[name].map { (name, $0) } }, state.collectors)
        }
        var out = Exposition()
        for (name, family) in families {
            out.head(name, family.help, family.kind.rawValue)
            family.body.write(to: &out, name: name, labelNames: family.labelNames)
        }
        var seen = ""
        for sample in collectors.flatMap({ $0() }) {
            if sample.name != seen {
                out.head(sample.name, sample.help, sample.isCounter ? "counter" : "gauge")
            }
            seen = sample.name
            out.line(sample.name, sample.labels, sample.value)
        }
        return out.text
    }
}

/// All series of one name.
protocol SeriesFamily: AnyObject, Sendable {
    func write(to out: inout Exposition, name: String, labelNames: [String])
}
