import Catalog
import Foundation
import JobQueue
import Logging
import Model
import Observability
import Postgres
import Redis
import Worker

/// One worker of the queue `scan` whose jobs are a closure's doing.
struct BenchWorker {
    let runtime: WorkerRuntime
    let settings: QueueSettings

    /// - Parameters:
    ///   - recordsSingleJobs: whether jobs leave snapshots and `JOB_…` messages, as single jobs of users do.
    ///   - onSlots: whether each job runs as a task on a slot's thread, as jobs with media do, or is answered at once, as
    ///     the built-in `echo` is.
    init(
        redis: RedisURL, namespace: String = freshNamespace(), slots: Int, recordsSingleJobs: Bool, onSlots: Bool,
        _ body: @escaping @Sendable (JobEnvelope) -> Void
    ) throws {
        var settings = QueueSettings()
        settings.namespace = namespace
        settings.recordsSingleJobs = recordsSingleJobs
        settings.maxWaiting = 10_000_000
        self.settings = settings
        let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        // Never connected to: the record knows nothing of jobs that come straight from Redis.
        let nowhere = PostgresOptions(url: "postgresql://127.0.0.1:1/none", applicationName: "bench")
        let catalog = Catalog(pool: PostgresPool(nowhere, connections: 1), logger: logger)
        runtime = WorkerRuntime(
            WorkerRole(queue: .scan, handlers: [Handler(onSlots: onSlots, body: body)]), slots: slots,
            WorkerRuntime.Environment(
                redisURL: redis, settings: settings, catalog: catalog, metrics: Metrics(), logger: logger,
                endedUnrun: { _, _, _ in }))
    }

    static func freshNamespace() -> String { "bench\(UInt32.random(in: 0...999_999))" }

    var queueKey: String { "{\(settings.namespace)}:queue:scan" }

    private struct Handler: JobHandler {
        let kind = "bench"
        let onSlots: Bool
        let body: @Sendable (JobEnvelope) -> Void

        func immediateResult(of envelope: JobEnvelope) -> JSONValue? {
            if onSlots { return nil }
            body(envelope)
            return .null
        }

        func run(_ job: RunningJob) async throws -> JobOutcome {
            body(job.envelope)
            return JobOutcome()
        }
    }
}

/// Nanoseconds of a clock that all processes of this machine share.
func monotonicNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

func percentile(_ sorted: [Double], _ share: Double) -> Double {
    sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
}

func text(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }
