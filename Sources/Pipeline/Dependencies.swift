public import Catalog
public import JobQueue
public import Model

/// Brings the ends of jobs that others wait for from the record to Redis, which forgets them after a while, and at once
/// when it is emptied.
public struct Dependencies: Sendable {
    private let catalog: Catalog
    private let queue: JobQueue

    public init(catalog: Catalog, queue: JobQueue) {
        self.catalog = catalog
        self.queue = queue
    }

    /// - Parameter jobs: those that may wait for others.
    /// - Returns: ends that Redis had not known.
    @discardableResult
    public func restore(for jobs: [JobEnvelope]) async throws -> Int {
        let ids = Array(Set(jobs.flatMap(\.dependsOn)))
        var restored = 0
        for start in stride(from: 0, to: ids.count, by: 1_000) {
            let ends = try await catalog.jobDependencies(Array(ids[start..<min(start + 1_000, ids.count)]))
            restored += try await queue.restoreEnds(ends.filter { $0.batch == nil }.map { ($0.id, $0.state) })
        }
        return restored
    }
}
