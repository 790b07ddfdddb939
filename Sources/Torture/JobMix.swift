import Foundation
import Model

/// The jobs of a run, one after the other: a function of the seed.
struct JobMix: Sendable {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed ^ 0x6a6f_6273) }

    mutating func next() -> JobPlan {
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<355: .immediate
        case 355..<720: .sleeps(ms: Int.random(in: 1...50, using: &random))
        case 720..<800: .fails(attempts: Int.random(in: 1...3, using: &random))
        case 800..<805: .timesOut(attempts: Int.random(in: 1...2, using: &random))
        case 805..<870: .delayed(by: .milliseconds(Int.random(in: 100...4_000, using: &random)))
        case 870..<910:
            .cancelledWaiting(
                delay: .milliseconds(Int.random(in: 500...6_000, using: &random)),
                after: .milliseconds(Int.random(in: 0...1_500, using: &random)))
        case 910..<920: .cancelledRunning(after: .milliseconds(Int.random(in: 200...2_000, using: &random)))
        case 920..<970: .stores(bytes: Int.random(in: 1...6_000, using: &random))
        case 970..<985: .helped(mb: 0)
        case 985..<996: .helped(mb: 16)
        case 996..<998: .runsOutOfMemory(orderly: true)
        case 998..<999: .runsOutOfMemory(orderly: false)
        default: .crashes
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
        func ask(_ end: TortureHelper.End, mb: Int = 0) {
            envelope.kind = HelpedHandler.name
            payload["end"] = .string(end.rawValue)
            payload["mb"] = .int(Int64(mb))
        }
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
        case .stores(let bytes):
            envelope.kind = StoringHandler.name
            payload["bytes"] = .int(Int64(bytes))
        case .helped(let mb): ask(.works, mb: mb)
        case .runsOutOfMemory(let orderly): ask(orderly ? .needsTooMuch : .throwsBadAlloc)
        case .crashes: ask(.crashes)
        }
        envelope.payload = .object(payload)
        return envelope
    }
}

extension Duration {
    var inSeconds: Double { self / .seconds(1) }
}
