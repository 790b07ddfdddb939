import JobQueue
import Model
import Observability

/// What every worker counts. Labels come from small fixed sets; a foreign kind counts as `other`.
struct WorkerMetrics: Sendable {
    private let jobs: Counter
    private let seconds: Histogram
    private let running: Gauge
    private let kinds: Set<String>

    init(_ metrics: Metrics, role: WorkerRole) {
        kinds = Set(role.handlers.map(\.kind))
        jobs = metrics.counter(
            "flotilla_jobs_total", "Attempts that ended, by queue, kind and outcome.",
            labels: ["queue", "kind", "outcome"])
        seconds = metrics.histogram(
            "flotilla_job_seconds", "How long attempts took, in seconds.", labels: ["queue", "kind"])
        running = metrics.gauge("flotilla_jobs_running", "Attempts that run now.", labels: ["queue"])
    }

    func began(_ claim: Claim) { running.add(claim.queue.rawValue, amount: 1) }

    func ended(_ claim: Claim, outcome: String, elapsed: Duration) {
        let kind = kinds.contains(claim.envelope.kind) ? claim.envelope.kind : "other"
        running.add(claim.queue.rawValue, amount: -1)
        jobs.increment(claim.queue.rawValue, kind, outcome)
        seconds.observe(claim.queue.rawValue, kind, duration: elapsed)
    }
}
