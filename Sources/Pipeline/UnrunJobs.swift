public import Catalog
import Foundation
public import JobQueue
public import Logging
public import Model
public import Recipes
import Worker

/// Tells the record of jobs that ended without a handler: expired, cancelled while they waited, or their workers were
/// lost too often.
public struct UnrunJobs: Sendable {
    private let catalog: Catalog
    private let queue: JobQueue
    private let recipes: RecipeBook
    private let logger: Logger

    public init(catalog: Catalog, queue: JobQueue, recipes: RecipeBook, logger: Logger) {
        self.catalog = catalog
        self.queue = queue
        self.recipes = recipes
        self.logger = logger
    }

    public func ended(_ envelope: JobEnvelope, _ state: JobState, _ failure: JobFailure) async {
        guard envelope.isRecorded else { return }
        do {
            let job = try await catalog.job(envelope.id, tenant: nil)
            let error = RecordedError(code: failure.code, message: failure.message)
            if state == .parked {
                try await catalog.jobParked(envelope.id, reason: failure.message)
                return
            }
            guard state.isFinal else { return }
            if let asset = job.job.asset, let id = job.batch {
                let batch = try await catalog.batch(id, tenant: nil)
                let outcome = try await catalog.settleAsset(
                    asset, status: state == .cancelled ? .cancelled : .failed, error: error,
                    whenDone: recipes[batch.recipe].flatMap { StepJobs.whenDone($0, in: batch) })
                if let outcome { try await follow(outcome, envelope.id) }
            }
            try await catalog.jobEnded(envelope.id, claim: nil, state: state, error: error)
        } catch CatalogError.notFound {
            return
        } catch {
            // The reconciler finds the job unfinished and enqueues it again; it then ends the same way.
            logger.warning(
                "the end of a job could not be recorded",
                metadata: ["job": "\(envelope.id)", "reason": "\(error)"])
        }
    }

    private func follow(_ outcome: StepOutcome, _ job: JobID) async throws {
        if let asset = outcome.asset {
            for item in Announcements.finished(asset, in: outcome.batch, job: job) + Announcements.ended(outcome) {
                try await queue.publish(item.event, fields: item.fields)
            }
        }
        for next in outcome.followUps { _ = try await queue.enqueue([next.envelope], on: next.queue) }
    }
}
