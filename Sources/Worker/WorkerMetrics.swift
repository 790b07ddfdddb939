import JobQueue
import Model
import Observability

/// What every worker counts. Labels come from small fixed sets; a foreign kind counts as `other`.
struct WorkerMetrics: Sendable {
    /// How an attempt ended, as the label `outcome` has it.
    enum AttemptEnd: String, CaseIterable {
        case done, retried, released, dead, cancelled
    }

    private struct Kind: Sendable {
        let ends: [AttemptEnd: AtomicDouble]
        let seconds: Histogram.Spread
    }

    private let running: AtomicDouble
    private let kinds: [String: Kind]
    private let other: Kind

    init(_ metrics: Metrics, role: WorkerRole) {
        let queue = role.queue.rawValue
        let jobs = metrics.counter(
            "flotilla_jobs_total", "Attempts that ended, by queue, kind and outcome.",
            labels: ["queue", "kind", "outcome"])
        let seconds = metrics.histogram(
            "flotilla_job_seconds", "How long attempts took, in seconds.", labels: ["queue", "kind"])
        func kind(_ name: String) -> Kind {
            let ends = AttemptEnd.allCases.map { ($0, jobs.series(queue, name, $0.rawValue)) }
            return Kind(ends: Dictionary(uniqueKeysWithValues: ends), seconds: seconds.series(queue, name))
        }
        kinds = Dictionary(role.handlers.map { ($0.kind, kind($0.kind)) }, uniquingKeysWith: { $1 })
        other = kind("other")
        running = metrics.gauge("flotilla_jobs_running", "Attempts that run now.", labels: ["queue"]).series(queue)
    }

    func began() { running.add(1) }

    func ended(_ claim: Claim, _ end: AttemptEnd, elapsed: Duration) {
        running.add(-1)
        note(claim, end, elapsed)
    }

    /// A job that needed no slot.
    func endedAtOnce(_ claim: Claim) { note(claim, .done, .zero) }

    private func note(_ claim: Claim, _ end: AttemptEnd, _ elapsed: Duration) {
        let kind = kinds[claim.envelope.kind] ?? other
        kind.ends[end]?.add(1)
        kind.seconds.observe(elapsed)
    }
}
