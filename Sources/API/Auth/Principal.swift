/// What a key may do. `admin` may do everything.
enum Scope: String, Sendable, Hashable, CaseIterable {
    /// Look at batches, assets, jobs, events and results.
    case read
    /// Create, upload, start, cancel, delete; enqueue jobs.
    case write
    /// Queues of the whole fleet: figures, pause and resume, dead jobs.
    case operate
    case admin
}

/// Who makes a request: found from its credentials before any route runs.
struct Principal: Sendable, Hashable {
    var tenant: String
    var scopes: Set<Scope>
    /// The id of the key, for logs.
    var subject: String

    func has(_ scope: Scope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }
}
