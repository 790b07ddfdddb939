import Catalog
import Model

/// Keeps the rows of recorded jobs that belong to no batch. The steps of a batch record themselves.
struct SingleJobs: Sendable {
    let catalog: Catalog

    func began(_ job: RunningJob) async throws {
        guard Self.concerns(job.envelope) else { return }
        try await catalog.jobStarted(JobClaim(job: job.id, fence: job.fence, attempt: job.attempt))
    }

    func ended(_ job: RunningJob, _ state: JobState, result: JSONValue, _ failure: JobFailure?) async throws {
        guard Self.concerns(job.envelope) else { return }
        try await catalog.jobEnded(
            job.id, claim: JobClaim(job: job.id, fence: job.fence, attempt: job.attempt), state: state,
            result: state == .done ? result : nil,
            error: failure.map { RecordedError(code: $0.code, message: $0.message) })
    }

    static func concerns(_ envelope: JobEnvelope) -> Bool { envelope.isRecorded && envelope.batch == nil }
}
