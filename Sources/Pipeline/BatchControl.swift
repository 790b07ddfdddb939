public import Catalog
import CrashPoints
public import Foundation
public import JobQueue
import Model
public import ObjectStorage
public import Recipes
import Worker

/// Starts, cancels and deletes batches: the record first, then the queue, then the announcement.
public struct BatchControl: Sendable {
    private let catalog: Catalog
    private let queue: JobQueue
    private let store: DirectoryStore
    private let recipes: RecipeBook

    public init(catalog: Catalog, queue: JobQueue, store: DirectoryStore, recipes: RecipeBook) {
        self.catalog = catalog
        self.queue = queue
        self.store = store
        self.recipes = recipes
    }

    /// Records and enqueues the first step of every asset. Starting twice is starting once.
    ///
    /// When Redis is away the start stands all the same: the reconciler announces and enqueues what the record says.
    /// - Throws: ``CatalogError``; `JobFailure` `unknown_recipe`.
    public func start(_ id: UUID, tenant: String?) async throws -> Batch {
        CrashPoint.begin("start")
        let pending = try await catalog.batch(id, tenant: tenant)
        guard let recipe = recipes[pending.recipe], let first = recipe.steps.first else {
            throw JobFailure(.badInput, code: "unknown_recipe", message: "There is no recipe “\(pending.recipe)”.")
        }
        let (batch, jobs) = try await catalog.startBatch(id, tenant: tenant) { asset in
            StepJobs.job(first, of: recipe, asset: asset.id, in: pending)
        }
        try? await announcer.tell(of: id)
        await enqueue(jobs)
        return batch
    }

    /// Stops what waits and runs of a batch; what runs is killed within a moment.
    public func cancel(_ id: UUID, tenant: String?) async throws -> Batch {
        CrashPoint.begin("cancel")
        let batch = try await catalog.cancelBatch(id, tenant: tenant)
        try await announcer.tell(of: id)
        return batch
    }

    /// Cancels a batch and removes its bytes. The record keeps its rows, so that what happened can be read.
    ///
    /// - Returns: objects removed.
    @discardableResult
    public func delete(_ id: UUID, tenant: String?) async throws -> Int {
        let batch = try await cancel(id, tenant: tenant)
        let prefix = try StoragePrefix.batch(tenant: batch.tenant, batch: id.uuidString.lowercased())
        let store = store
        return try await onBlockingThread { try store.delete(all: prefix) + store.delete(all: try prefix.quarantined) }
    }

    /// Puts recorded jobs on their queues. What Redis does not take now, the reconciler enqueues later.
    func enqueue(_ jobs: [QueuedJob]) async {
        for (name, group) in Dictionary(grouping: jobs, by: \.queue) {
            _ = try? await queue.enqueue(group.map(\.envelope), on: name)
        }
    }

    private var announcer: Announcer { Announcer(catalog: catalog, queue: queue) }
}

/// Runs blocking code on a thread of its own.
func onBlockingThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
