internal import Synchronization

/// Which sentinels and cluster nodes answered, for the connections of this process that come after.
enum KnownNodes {
    private static let table = Mutex<[RedisURL: [RedisNode]]>([:])

    /// Whom to ask, in this order: those that answered, then those that the URL names.
    static func candidates(for url: RedisURL, _ named: [RedisNode]) -> [RedisNode] {
        var seen: Set<RedisNode> = []
        return (table.withLock { $0[url] ?? [] } + named).filter { seen.insert($0).inserted }
    }

    static func remember(_ nodes: [RedisNode], for url: RedisURL) {
        table.withLock { $0[url] = nodes }
    }
}
