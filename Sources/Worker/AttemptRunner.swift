import JobQueue
import Logging
import Model

/// Takes one claim from the handler's start to the queue's acknowledgement.
struct AttemptRunner: Sendable {
    let role: WorkerRole
    let record: SingleJobs
    let running: RunningAttempts
    let policy: RetryPolicy
    let metrics: WorkerMetrics
    let logger: Logger

    /// The end of a job that needs no slot.
    func immediate(_ claim: Claim) -> Outcome? {
        guard !SingleJobs.concerns(claim.envelope), let handler = role.handler(for: claim.envelope.kind),
            let result = handler.immediateResult(of: claim.envelope)
        else { return nil }
        metrics.endedAtOnce(claim)
        return .done(result: result)
    }

    func run(_ claim: Claim, for consumer: Consumer) async {
        defer { running.end(claim) }
        guard let handler = role.handler(for: claim.envelope.kind) else {
            consumer.finish(claim, .park(reason: "no handler for “\(claim.envelope.kind)”"))
            return
        }
        let started = ContinuousClock.now
        metrics.began()
        let job = RunningJob(claim: claim) { event in consumer.report(event, for: claim) }
        let end: WorkerMetrics.AttemptEnd
        do {
            if let over = try await record.began(job) {
                consumer.finish(claim, over)
                metrics.ended(claim, over == .cancelled ? .cancelled : .done, elapsed: ContinuousClock.now - started)
                return
            }
            let outcome = try await handler.run(job)
            try await settle(job, as: .done(result: outcome.result), .done, outcome, consumer)
            end = .done
        } catch {
            end = await settle(job, after: error, handler, consumer)
        }
        metrics.ended(claim, end, elapsed: ContinuousClock.now - started)
    }

    private func settle(
        _ job: RunningJob, as settlement: Outcome, _ state: JobState, _ outcome: JobOutcome, _ consumer: Consumer,
        _ failure: JobFailure? = nil
    ) async throws {
        try await record.ended(job, state, result: outcome.result, failure)
        // Through the consumer, so that they come behind the attempt's own progress and before the next step's.
        for announcement in outcome.announcements {
            consumer.report(announcement.event, for: job.claim, fields: announcement.fields)
        }
        consumer.finish(job.claim, settlement, followUps: outcome.followUps)
    }

    /// Settles an attempt that ended with an error, and says how.
    private func settle(
        _ job: RunningJob, after error: any Error, _ handler: any JobHandler, _ consumer: Consumer
    ) async -> WorkerMetrics.AttemptEnd {
        let failure: JobFailure
        switch running.reason(for: job.claim) {
        case .abandoned, .released:
            consumer.finish(job.claim, .release)
            return .released
        case .cancelled:
            return await giveUp(job, handler, consumer, .cancelled, as: .cancelled, Self.cancelled)
        case .timedOut:
            failure = JobFailure(
                .timeout, code: OperationFailure.Code.timedOut,
                message: "The job ran longer than its \(job.envelope.timeoutMs) ms.")
        case nil:
            failure = JobFailure(explaining: error)
        }
        job.log(failure)
        var generator = SystemRandomNumberGenerator()
        let details: Logger.Metadata = [
            "job": "\(job.id)", "kind": "\(job.envelope.kind)", "attempt": "\(job.attempt)", "code": "\(failure.code)",
            "reason": "\(failure.message)",
        ]
        switch policy.decide(job.envelope, failure, using: &generator) {
        case .again(let delay):
            logger.notice("attempt failed", metadata: details)
            consumer.finish(job.claim, .retry(failure, after: delay))
            return .retried
        case .free:
            consumer.finish(job.claim, .release)
            return .released
        case .dead:
            logger.warning("job is dead", metadata: details)
            return await giveUp(job, handler, consumer, .dead(failure), as: .dead, failure)
        case .cancelled:
            return await giveUp(job, handler, consumer, .cancelled, as: .cancelled, failure)
        }
    }

    private func giveUp(
        _ job: RunningJob, _ handler: any JobHandler, _ consumer: Consumer, _ settlement: Outcome, as state: JobState,
        _ failure: JobFailure
    ) async -> WorkerMetrics.AttemptEnd {
        do {
            // A task of its own, since this one may be cancelled and the record must learn of the end all the same.
            try await Task {
                let outcome = try await handler.gaveUp(job, after: failure)
                try await settle(job, as: settlement, state, outcome, consumer, failure)
            }.value
            return state == .dead ? .dead : .cancelled
        } catch {
            logger.error(
                "the end of a job could not be recorded; it runs again",
                metadata: ["job": "\(job.id)", "reason": "\(error)"])
            consumer.finish(job.claim, .retry(JobFailure(explaining: error), after: .seconds(2)))
            return .retried
        }
    }

    private static let cancelled = JobFailure(.cancelled, code: "cancelled", message: "The job was cancelled.")
}
