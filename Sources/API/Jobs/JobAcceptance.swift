import Catalog
import CrashPoints
import JobQueue
import Logging
import Model
import Pipeline

/// Accepts jobs: first the record, then the queue.
///
/// Once it is recorded a job is not lost, also while Redis is away: the reconciler enqueues what the record says. Where
/// the queue refuses jobs because it is full, the record gives them up again before the client is told so.
struct JobAcceptance {
    struct Accepted {
        var id: JobID
        /// An unfinished job with the same `unique_key` was there; the id is that one's.
        var isDuplicate = false
        /// The same request came before.
        var isReplay = false
    }

    /// In the record of a job that was refused after all.
    private static let refused = "not_accepted"

    let catalog: Catalog
    let queue: JobQueue
    let logger: Logger

    /// - Returns: in the order of `jobs`.
    /// - Throws: ``Problem`` 422 when an id was used for another job; ``JobQueueError`` when the queue takes no more.
    func accept(_ jobs: [QueuedJob]) async throws -> [Accepted] {
        CrashPoint.begin("accept")
        try await checkDependencies(of: jobs)
        let new = Set(try await catalog.recordJobs(jobs))
        var fresh = jobs.filter { new.contains($0.envelope.id) }
        var accepted: [JobID: Accepted] = [:]
        do {
            for job in jobs {
                let id = job.envelope.id
                accepted[id] = Accepted(id: id, isReplay: !new.contains(id))
                if !new.contains(id), let again = try await replay(job) { fresh.append(again) }
            }
            for (id, holder) in try await enqueue(fresh) {
                accepted[id]?.id = holder
                accepted[id]?.isDuplicate = true
            }
        } catch {
            await giveUp(fresh, because: error)
            throw error
        }
        return jobs.compactMap { accepted[$0.envelope.id] }
    }

    /// Steps of batches tell nobody of their end, and other tenants' jobs are nobody's business.
    private func checkDependencies(of jobs: [QueuedJob]) async throws {
        let own = Set(jobs.map(\.envelope.id))
        let ids = Set(jobs.flatMap(\.envelope.dependsOn)).subtracting(own)
        guard !ids.isEmpty, let tenant = jobs.first?.envelope.tenant else { return }
        for job in try await catalog.jobDependencies(Array(ids)) {
            guard job.batch == nil, job.tenant == tenant else {
                throw Problem.invalid(
                    "options.depends_on", "The job \(job.id) cannot be waited for.",
                    allowed: "ids of single jobs; a batch is followed by its events")
            }
        }
    }

    /// A job whose id is recorded already: nothing to do, unless it was refused the first time.
    private func replay(_ job: QueuedJob) async throws -> QueuedJob? {
        let record = try await catalog.job(job.envelope.id, tenant: job.envelope.tenant)
        let old = record.job
        guard old.queue == job.queue, old.envelope.kind == job.envelope.kind,
            old.envelope.payload == job.envelope.payload, old.envelope.dependsOn == job.envelope.dependsOn,
            old.envelope.dependsPolicy == job.envelope.dependsPolicy
        else { throw CatalogError.idempotencyConflict }
        guard record.state == .cancelled, record.error?.code == Self.refused else { return nil }
        return try await catalog.retryJob(job.envelope.id, tenant: job.envelope.tenant)
    }

    /// - Returns: the jobs that are not needed, as another one holds their unique key.
    private func enqueue(_ jobs: [QueuedJob]) async throws -> [(JobID, holder: JobID)] {
        var duplicates: [(JobID, holder: JobID)] = []
        var hasEnqueued = false
        await tellEnds { try await Dependencies(catalog: catalog, queue: queue).restore(for: jobs.map(\.envelope)) }
        for (name, group) in Dictionary(grouping: jobs, by: \.queue).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            do {
                for (job, outcome) in zip(group, try await queue.enqueue(group.map(\.envelope), on: name)) {
                    guard case .duplicate(let holder) = outcome, holder != job.envelope.id else { continue }
                    duplicates.append((job.envelope.id, holder))
                    try await catalog.jobEnded(
                        job.envelope.id, claim: nil, state: .cancelled,
                        error: RecordedError(code: "duplicate", message: "Job \(holder) has the same unique key."))
                }
                hasEnqueued = true
                let ended = duplicates.map { ($0.0, JobState.cancelled) }
                if !ended.isEmpty { await tellEnds { try await queue.restoreEnds(ended) } }
            } catch JobQueueError.unavailable(let reason) {
                logger.warning(
                    "Accepted without the queue", metadata: ["reason": "\(reason)", "jobs": "\(group.count)"])
            } catch  where hasEnqueued {
                // Some of the request's jobs may run already, so all of it stands; these come when there is room.
                logger.warning(
                    "Accepted ahead of the queue", metadata: ["reason": "\(error)", "jobs": "\(group.count)"])
            }
        }
        return duplicates
    }

    /// What does not come to Redis' knowledge here, the reconciler tells it later.
    private func tellEnds(_ tell: () async throws -> Int) async {
        do { _ = try await tell() } catch {
            logger.notice("The queue has not learned of ended jobs", metadata: ["reason": "\(error)"])
        }
    }

    private func giveUp(_ jobs: [QueuedJob], because error: any Error) async {
        for job in jobs {
            do {
                try await catalog.jobEnded(
                    job.envelope.id, claim: nil, state: .cancelled,
                    error: RecordedError(code: Self.refused, message: "The queue took no more jobs."))
            } catch {
                logger.warning("A refused job may run", metadata: ["job": "\(job.envelope.id)", "reason": "\(error)"])
            }
        }
    }
}
