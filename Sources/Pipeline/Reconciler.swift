public import Catalog
import CrashPoints
import Foundation
public import JobQueue
public import Logging
import Model
public import Recipes
import Worker

/// Brings Redis back to what the record says: enqueues recorded jobs that Redis does not know, and announces what is
/// recorded and was not announced.
///
/// A Redis that was emptied has lost its marker; then everything unfinished is enqueued at once. Otherwise only jobs
/// that were put on their queue a while ago are compared. Enqueuing one that does run is harmless: ids are
/// deterministic, and effects are recorded once.
public actor Reconciler {
    private let catalog: Catalog
    private let queue: JobQueue
    private let recipes: RecipeBook
    private let age: Duration
    private let logger: Logger

    /// - Parameter age: jobs enqueued more recently are left alone while the marker stands.
    public init(catalog: Catalog, queue: JobQueue, recipes: RecipeBook, age: Duration, logger: Logger) {
        self.catalog = catalog
        self.queue = queue
        self.recipes = recipes
        self.age = age
        self.logger = logger
    }

    /// Reconciles now and then until the task is cancelled; troubles are logged and tried again.
    public func run(every interval: Duration) async {
        while !Task.isCancelled {
            do {
                let count = try await reconcile()
                if count > 0 { logger.notice("jobs enqueued again", metadata: ["count": "\(count)"]) }
            } catch {
                logger.warning("the record could not be compared with Redis", metadata: ["reason": "\(error)"])
            }
            try? await Task.sleep(for: interval)
        }
    }

    /// One comparison. Returns how many jobs were enqueued again.
    @discardableResult
    public func reconcile() async throws -> Int {
        CrashPoint.begin("reconcile")
        let isEmptied = try await queue.marker() == nil
        try await tellUntold()
        var count = try await enqueueUnknown(olderThan: isEmptied ? .zero : age)
        count += try await closeStuckBatches()
        // Set last: a crash before this line repeats the whole comparison.
        if isEmptied { try await queue.setMarker(UUID().uuidString.lowercased()) }
        return count
    }

    private func enqueueUnknown(olderThan age: Duration) async throws -> Int {
        var count = 0
        var cursor: Catalog.UnfinishedCursor?
        var known: [QueueName: Set<JobID>] = [:]
        repeat {
            let (jobs, next) = try await catalog.unfinishedJobs(olderThan: age, after: cursor)
            try await Dependencies(catalog: catalog, queue: queue).restore(for: jobs.map(\.envelope))
            for (name, group) in Dictionary(grouping: jobs, by: \.queue) {
                if known[name] == nil { known[name] = try await knownIDs(name) }
                let missing = group.filter { known[name]?.contains($0.envelope.id) == false }
                for chunk in stride(from: 0, to: missing.count, by: 500).map({
                    missing[$0..<min($0 + 500, missing.count)]
                }) {
                    // Dead in Redis only: retried by somebody who died before it was queued, or its end was not recorded.
                    try await queue.discardDead(name, ids: chunk.map(\.envelope.id))
                    _ = try await queue.enqueue(chunk.map(\.envelope), on: name)
                    count += chunk.count
                }
                try await catalog.touchEnqueued(group.map(\.envelope.id))
            }
            cursor = next
        } while cursor != nil
        return count
    }

    private func knownIDs(_ name: QueueName) async throws -> Set<JobID> {
        var ids: Set<JobID> = []
        var cursor: KnownJobs.Cursor?
        repeat {
            let page = try await queue.knownJobIDs(name, cursor: cursor)
            ids.formUnion(page.ids)
            cursor = page.next
        } while cursor != nil
        return ids
    }

    /// What was recorded by somebody who died, or had no Redis, before telling of it. They get a moment to do it.
    private func tellUntold() async throws {
        let announcer = Announcer(catalog: catalog, queue: queue)
        for id in try await catalog.untoldBatches(olderThan: min(age, .seconds(5))) { try await announcer.tell(of: id) }
    }

    /// Batches whose assets are all final but which no job would close.
    private func closeStuckBatches() async throws -> Int {
        var count = 0
        for id in try await catalog.stuckBatches(olderThan: age) {
            let batch = try await catalog.batch(id, tenant: nil)
            let whenDone = recipes[batch.recipe].flatMap { StepJobs.whenDone($0, in: batch) }
            guard let outcome = try await catalog.settleBatch(id, whenDone: whenDone) else { continue }
            try await Announcer(catalog: catalog, queue: queue).tell(of: id)
            for job in outcome.followUps {
                _ = try await queue.enqueue([job.envelope], on: job.queue)
                count += 1
            }
        }
        return count
    }
}
