/// Which faults come when: a function of the seed.
public struct FaultSchedule: Sendable, Hashable {
    public let faults: [Fault]

    /// - Parameters:
    ///   - length: of the run; the last fault is over by then.
    ///   - workers: 1 or more; each has one fault at a time.
    ///   - lease: what a frozen worker outlasts, and a silent connection at times.
    ///   - withServers: whether Redis and PostgreSQL are broken too; one at a time.
    public init(seed: UInt64, length: Duration, workers: Int, lease: Duration, withServers: Bool) {
        precondition(workers > 0, "faults need a worker")
        var random = SplitMix64(seed: seed)
        var faults: [Fault] = []
        var workersFree = [Duration](repeating: .zero, count: workers)
        var serversFree = Duration.zero
        var at = Duration.seconds(2)
        while true {
            at += .milliseconds(Int.random(in: 300...2_500, using: &random))
            guard at < length else { break }
            let ofServers = withServers && Int.random(in: 0..<4, using: &random) == 0
            let kinds = ofServers ? Fault.Kind.ofServers : Fault.Kind.ofWorkers
            let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
            let span = Self.length(of: kind, lease: lease, using: &random)
            let index = Int.random(in: 0..<workers, using: &random)
            guard at + span < length else { continue }
            // Each draw happens whether it is used or not, so that one fault more or less changes no later one.
            if ofServers {
                guard serversFree <= at else { continue }
                serversFree = at + span + .seconds(4)
            } else if kind.concernsOneWorker {
                guard workersFree[index] <= at else { continue }
                workersFree[index] = at + span + .seconds(1)
            }
            faults.append(Fault(at: at, kind: kind, worker: kind.concernsOneWorker ? index : nil, length: span))
        }
        self.faults = faults
    }

    private static func length(of kind: Fault.Kind, lease: Duration, using random: inout SplitMix64) -> Duration {
        let part = Double.random(in: 0...1, using: &random)
        func between(_ low: Duration, _ high: Duration) -> Duration { low + (high - low) * part }
        return switch kind {
        case .kill: between(.zero, .seconds(3))
        case .freeze: between(lease + .seconds(1), lease + .seconds(5))
        case .terminate: between(.zero, .seconds(1))
        case .halfOpen: between(.seconds(1), lease + .seconds(3))
        case .delay: between(.seconds(1), .seconds(5))
        case .cut, .scriptFlush, .clientKill, .flushAll: .zero
        case .redisKill: between(.milliseconds(100), .seconds(2))
        case .redisSleep: between(.milliseconds(200), .seconds(2))
        case .redisMemory: between(.milliseconds(500), .seconds(2))
        case .postgresFast, .postgresImmediate: between(.milliseconds(100), .seconds(2))
        }
    }
}
