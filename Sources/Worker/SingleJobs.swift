import Catalog
import JobQueue
import Model

/// Keeps the rows of recorded jobs that belong to no batch. The steps of a batch record themselves.
struct SingleJobs: Sendable {
    let catalog: Catalog

    /// Notes that the job runs.
    ///
    /// - Returns: how it ended long ago, where the queue had not learned of it: then there is nothing to run. A dead one
    ///   does run: somebody has put it on the queue again.
    func began(_ job: RunningJob) async throws -> Outcome? {
        guard Self.concerns(job.envelope) else { return nil }
        let claim = JobClaim(job: job.id, fence: job.fence, attempt: job.attempt)
        guard try await !catalog.jobStarted(claim) else { return nil }
        do {
            let record = try await catalog.job(job.id, tenant: nil)
            return switch record.state {
            case .done: .done(result: record.result ?? .null)
            case .cancelled: .cancelled
            default: nil
            }
        } catch CatalogError.notFound {
            return nil
        }
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
