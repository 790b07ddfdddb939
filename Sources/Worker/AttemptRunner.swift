import JobQueue
import Logging
import Model

/// Takes one claim from the handler's start to the queue's acknowledgement.
struct AttemptRunner: Sendable {
    let role: WorkerRole
    let consumer: Consumer
    let record: SingleJobs
    let running: RunningAttempts
    let policy: RetryPolicy
    let metrics: WorkerMetrics
    let logger: Logger

    func run(_ claim: Claim) async {
        defer { running.end(claim) }
        guard let handler = role.handler(for: claim.envelope.kind) else {
            consumer.finish(claim, .park(reason: "no handler for “\(claim.envelope.kind)”"))
            return
        }
        let started = ContinuousClock.now
        metrics.began(claim)
        let job = RunningJob(claim: claim) { event in consumer.report(event, for: claim) }
        let label: String
        do {
            let outcome = try await withTimeout(job) {
                try await record.began(job)
                return try await handler.run(job)
            }
            try await settle(job, as: .done(result: outcome.result), .done, outcome)
            label = "done"
        } catch {
            label = await settle(job, after: error, handler)
        }
        metrics.ended(claim, outcome: label, elapsed: ContinuousClock.now - started)
    }

    /// Cancels the attempt when the envelope's time is up. The watch runs on the global pool: the job's own thread may
    /// be blocked in C.
    private func withTimeout<T: Sendable>(
        _ job: RunningJob, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask(executorPreference: globalConcurrentExecutor) { [running] in
                try await Task.sleep(for: .milliseconds(job.envelope.timeoutMs))
                running.stop(job.claim.ticket, .timedOut)
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func settle(
        _ job: RunningJob, as settlement: Outcome, _ state: JobState, _ outcome: JobOutcome,
        _ failure: JobFailure? = nil
    ) async throws {
        try await record.ended(job, state, result: outcome.result, failure)
        // Through the consumer, so that they come behind the attempt's own progress and before the next step's.
        for announcement in outcome.announcements {
            consumer.report(announcement.event, for: job.claim, fields: announcement.fields)
        }
        consumer.finish(job.claim, settlement, followUps: outcome.followUps)
    }

    /// Settles an attempt that ended with an error, and says how in one word.
    private func settle(_ job: RunningJob, after error: any Error, _ handler: any JobHandler) async -> String {
        let failure: JobFailure
        switch running.reason(for: job.claim) {
        case .abandoned, .released:
            consumer.finish(job.claim, .release)
            return "released"
        case .cancelled:
            return await giveUp(job, handler, .cancelled, as: .cancelled, Self.cancelled)
        case .timedOut:
            failure = JobFailure(
                .timeout, code: OperationFailure.Code.timedOut,
                message: "The job ran longer than its \(job.envelope.timeoutMs) ms.")
        case nil:
            failure = JobFailure(explaining: error)
        }
        var generator = SystemRandomNumberGenerator()
        let details: Logger.Metadata = [
            "job": "\(job.id)", "kind": "\(job.envelope.kind)", "attempt": "\(job.attempt)", "code": "\(failure.code)",
            "reason": "\(failure.message)",
        ]
        switch policy.decide(job.envelope, failure, using: &generator) {
        case .again(let delay):
            logger.notice("attempt failed", metadata: details)
            consumer.finish(job.claim, .retry(failure, after: delay))
            return "retried"
        case .free:
            consumer.finish(job.claim, .release)
            return "released"
        case .dead:
            logger.warning("job is dead", metadata: details)
            return await giveUp(job, handler, .dead(failure), as: .dead, failure)
        case .cancelled:
            return await giveUp(job, handler, .cancelled, as: .cancelled, failure)
        }
    }

    private func giveUp(
        _ job: RunningJob, _ handler: any JobHandler, _ settlement: Outcome, as state: JobState, _ failure: JobFailure
    ) async -> String {
        do {
            // A task of its own, since this one may be cancelled and the record must learn of the end all the same.
            let outcome = try await Task { try await handler.gaveUp(job, after: failure) }.value
            try await settle(job, as: settlement, state, outcome, failure)
            return state.rawValue
        } catch {
            logger.error(
                "the end of a job could not be recorded; it runs again",
                metadata: ["job": "\(job.id)", "reason": "\(error)"])
            consumer.finish(job.claim, .retry(JobFailure(explaining: error), after: .seconds(2)))
            return "retried"
        }
    }

    private static let cancelled = JobFailure(.cancelled, code: "cancelled", message: "The job was cancelled.")
}
