/// Which faults come when: a function of the seed.
public struct FaultSchedule: Sendable, Hashable {
    public let faults: [Fault]

    /// Each kind comes once, if the run is long enough, and beyond that as often as its weight says. Faults overlap, but
    /// for those that break the same thing.
    ///
    /// - Parameters:
    ///   - length: of the run; the last fault is over by then.
    ///   - workers: 1 or more.
    ///   - clocks: workers whose clock can be stepped.
    ///   - lease: what a frozen worker outlasts, and a silent connection at times.
    ///   - kinds: what can be done here.
    ///   - perSecond: how many are drawn; a few find what they would break broken already, and are left out.
    public init(
        seed: UInt64, length: Duration, workers: Int, clocks: [Int], lease: Duration, kinds: Set<Fault.Kind>,
        perSecond: Double
    ) {
        precondition(workers > 0 && perSecond > 0, "faults need a worker and a rate")
        var random = SplitMix64(seed: seed)
        let kinds = Fault.Kind.allCases.filter { kinds.contains($0) && ($0 != .clockStep || !clocks.isEmpty) }
        var calendar = Calendar(length: length)
        var faults: [Fault] = []

        /// Each draw happens whether it is used or not, so that one fault more or less changes no later one.
        func draw(_ kind: Fault.Kind) -> Fault {
            let part = Double.random(in: 0..<1, using: &random)
            let isLong = Int.random(in: 0..<8, using: &random) == 0
            let pick = Int.random(in: 0..<1_000_000, using: &random)
            let worker = kind == .clockStep ? clocks[pick % clocks.count] : pick % workers
            return Fault(
                at: .zero, kind: kind, worker: kind.concernsOneWorker ? worker : nil,
                length: kind.length(part, isLong: isLong, lease: lease))
        }

        let start = Duration.seconds(2)
        for (index, kind) in kinds.shuffled(using: &random).enumerated() {
            var fault = draw(kind)
            fault.at = start + (length - start) * (Double(index) / Double(kinds.count))
            if calendar.place(&fault, from: start) { faults.append(fault) }
        }
        let total = kinds.reduce(0) { $0 + $1.weight }
        var at = start
        while total > 0 {
            at += .seconds(Double.random(in: 0.2...1.8, using: &random) / perSecond)
            guard at < length else { break }
            var left = Double.random(in: 0..<total, using: &random)
            let kind = kinds.first { kind in
                left -= kind.weight
                return left < 0
            }
            guard let kind else { continue }
            var fault = draw(kind)
            fault.at = at
            if calendar.take(fault) { faults.append(fault) }
        }
        self.faults = faults.sorted { $0.at < $1.at }
    }
}

/// What is broken when.
private struct Calendar {
    private struct Thing: Hashable {
        var subject: Fault.Kind.Subject
        var worker: Int?
    }

    let length: Duration
    private var broken: [Thing: [Range<Duration>]] = [:]

    init(length: Duration) { self.length = length }

    /// Notes the fault unless it does not fit there.
    mutating func take(_ fault: Fault) -> Bool {
        guard fault.at + fault.length < length else { return false }
        guard let subject = fault.kind.subject else { return true }
        let thing = Thing(subject: subject, worker: subject.isOfOneWorker ? fault.worker : nil)
        let range = fault.at..<(fault.at + fault.length + fault.kind.rest)
        guard broken[thing, default: []].allSatisfy({ !$0.overlaps(range) }) else { return false }
        broken[thing, default: []].append(range)
        return true
    }

    /// Moves the fault to where it fits: later if possible, else earlier.
    mutating func place(_ fault: inout Fault, from start: Duration) -> Bool {
        let wished = fault.at
        for at in Array(stride(from: wished, to: length, by: .milliseconds(100)))
            + stride(from: start, to: wished, by: .milliseconds(100))
        {
            fault.at = at
            if take(fault) { return true }
        }
        return false
    }
}

private func stride(from start: Duration, to end: Duration, by step: Duration) -> [Duration] {
    var all: [Duration] = []
    var next = start
    while next < end {
        all.append(next)
        next += step
    }
    return all
}
