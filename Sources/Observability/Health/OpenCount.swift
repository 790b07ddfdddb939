import Synchronization

/// How many connections are open.
final class OpenCount: Sendable {
    private let count = Atomic(0)

    /// Counts one more, unless `limit` are open.
    func enter(limit: Int) -> Bool {
        if count.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        count.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    func leave() { count.wrappingSubtract(1, ordering: .relaxed) }
}
