import Foundation
import Model

/// What one job of the ledger is meant to do.
enum JobPlan: Sendable, Hashable {
    case immediate
    case sleeps(ms: Int)
    /// Fails at each attempt: must end dead.
    case fails(attempts: Int)
    /// Runs longer than it may at each attempt: must end dead.
    case timesOut(attempts: Int)
    case delayed(by: Duration)
    /// Is cancelled before it is due.
    case cancelledWaiting(delay: Duration, after: Duration)
    /// Runs for long, and is cancelled once it does.
    case cancelledRunning(after: Duration)

    /// The ends that are possible for it.
    var possibleEnds: Set<JobState> {
        switch self {
        case .immediate, .sleeps, .delayed: [.done]
        case .fails, .timesOut: [.dead]
        case .cancelledWaiting, .cancelledRunning: [.cancelled, .done]
        }
    }

    /// How often its handler runs when nothing goes wrong; nil: that depends.
    var expectedStarts: Int? {
        switch self {
        case .immediate, .sleeps, .delayed: 1
        case .fails(let attempts), .timesOut(let attempts): attempts
        case .cancelledWaiting, .cancelledRunning: nil
        }
    }

    /// How long after its enqueuing somebody cancels it.
    var cancelAfter: Duration? {
        switch self {
        case .cancelledWaiting(_, let after), .cancelledRunning(let after): after
        default: nil
        }
    }
}

/// The jobs of a run, one after the other: a function of the seed.
struct JobMix: Sendable {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed ^ 0x6a6f_6273) }

    mutating func next() -> JobPlan {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: .immediate
        case 35..<75: .sleeps(ms: Int.random(in: 1...50, using: &random))
        case 75..<83: .fails(attempts: Int.random(in: 1...3, using: &random))
        case 83..<84: .timesOut(attempts: Int.random(in: 1...2, using: &random))
        case 84..<93: .delayed(by: .milliseconds(Int.random(in: 100...4_000, using: &random)))
        case 93..<97:
            .cancelledWaiting(
                delay: .milliseconds(Int.random(in: 500...6_000, using: &random)),
                after: .milliseconds(Int.random(in: 0...1_500, using: &random)))
        default: .cancelledRunning(after: .milliseconds(Int.random(in: 200...2_000, using: &random)))
        }
    }
}

/// The names of a run's jobs, and of the keys that count their executions.
struct JobNames: Sendable {
    let namespace: String

    func id(_ number: Int) -> JobID? { JobID("\(namespace).\(number)") }

    func number(_ id: JobID) -> Int? {
        guard id.rawValue.hasPrefix(namespace + ".") else { return nil }
        return Int(id.rawValue.dropFirst(namespace.utf8.count + 1))
    }

    private static let tenants = [JobEnvelope.defaultTenant, "torture-a", "torture-b"]

    var counterPrefix: String { "\(namespace):runs:" }

    func envelope(_ number: Int, _ plan: JobPlan, at now: Date) -> JobEnvelope? {
        guard let id = id(number) else { return nil }
        var payload: [String: JSONValue] = ["n": .int(Int64(number)), "incr": .string("\(counterPrefix)\(number)")]
        // Faults of the servers may cost attempts; only jobs that fail on purpose may run out of them.
        var envelope = JobEnvelope(
            id: id, kind: "echo", payload: .null, maxAttempts: 100, timeoutMs: 60_000,
            priority: number.isMultiple(of: 5) ? 10 : 0, cost: 1 + number % 4, tenant: Self.tenants[number % 3],
            isRecorded: true)
        switch plan {
        case .immediate: break
        case .sleeps(let ms): payload["sleep_ms"] = .int(Int64(ms))
        case .fails(let attempts):
            payload["fail"] = "as planned"
            envelope.maxAttempts = attempts
        case .timesOut(let attempts):
            payload["sleep_ms"] = 10_000
            envelope.timeoutMs = 300
            envelope.maxAttempts = attempts
        case .delayed(let delay): envelope.notBefore = now + delay.inSeconds
        case .cancelledWaiting(let delay, _): envelope.notBefore = now + delay.inSeconds
        case .cancelledRunning: payload["sleep_ms"] = 15_000
        }
        envelope.payload = .object(payload)
        return envelope
    }
}

extension Duration {
    var inSeconds: Double { self / .seconds(1) }
}
