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
                    asset, job: envelope.id, state: state == .cancelled ? .cancelled : .dead, error: error,
                    whenDone: recipes[batch.recipe].flatMap { StepJobs.whenDone($0, in: batch) })
                try await Announcer(catalog: catalog, queue: queue).tell(of: id)
                for next in outcome?.followUps ?? [] { _ = try await queue.enqueue([next.envelope], on: next.queue) }
            } else {
                try await catalog.jobEnded(envelope.id, claim: nil, state: state, error: error)
            }
        } catch CatalogError.notFound {
            return
        } catch {
            // The reconciler finds the job unfinished and enqueues it again; it then ends the same way. Or it finds
            // what is left to be announced, and enqueued.
            logger.warning(
                "the end of a job could not be recorded",
                metadata: ["job": "\(envelope.id)", "reason": "\(error)"])
        }
    }
}
