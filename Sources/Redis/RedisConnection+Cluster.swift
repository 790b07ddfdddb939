extension RedisConnection {
    /// Follows what nodes say about the slot's owner, until one says that it is itself.
    static func openOwner(
        _ nodes: [RedisNode], _ url: RedisURL, name: String, _ timeouts: RedisTimeouts
    ) throws(RedisError) -> RedisConnection {
        var failure = RedisError(.io, "no node was named")
        var tried: Set<RedisNode> = []
        for start in KnownNodes.candidates(for: url, nodes) {
            do throws(RedisError) {
                var next: RedisNode? = start
                while let node = next, tried.insert(node).inserted {
                    var connection = try open(url, at: node, name: name, timeouts)
                    let view = try ClusterView(&connection, of: node, tag: url.tag)
                    if view.isOwner || url.tag == nil {
                        KnownNodes.remember([node] + view.nodes, for: url)
                        return connection
                    }
                    failure = RedisError(.moved, "the nodes of the cluster do not agree on who owns the slot")
                    next = view.owner
                }
            } catch {
                failure = error
            }
        }
        throw failure
    }
}

/// What a node of a cluster knows.
private struct ClusterView {
    /// Whether the node that was asked owns the slot.
    let isOwner: Bool
    /// Who owns the slot; nil: a node whose host is not known.
    let owner: RedisNode?
    /// Everybody, primaries and replicas.
    let nodes: [RedisNode]

    /// - Parameters:
    ///   - node: the one that is asked.
    ///   - tag: whose slot is looked for; nil: the first.
    /// - Throws: `.clusterDown` when the node sees too few others, or nobody who owns the slot.
    init(_ connection: inout RedisConnection, of node: RedisNode, tag: String?) throws(RedisError) {
        var questions = CommandBuffer()
        questions.append("CLUSTER", "INFO")
        questions.append("CLUSTER", "MYID")
        questions.append("CLUSTER", "SLOTS")
        questions.append("CLUSTER", "KEYSLOT", .text("{\(tag ?? "")}"))
        let answers = try connection.pipeline(questions)
        guard let info = try answers[0].get().string, let mine = try answers[1].get().string,
            let ranges = try answers[2].get().array, let wanted = try answers[3].get().int
        else { throw RedisError(.badReply, "\(node) answered CLUSTER with something else") }
        // Its own view may be old while it is cut off from the others.
        guard info.contains("cluster_state:ok") else {
            throw RedisError(.clusterDown, "\(node) sees too little of the cluster")
        }
        var owner: (id: String, node: RedisNode?)?
        var nodes: [RedisNode] = []
        for range in ranges {
            guard let parts = range.array, parts.count >= 3, let first = parts[0].int, let last = parts[1].int else {
                throw RedisError(.badReply, "\(node) answered CLUSTER SLOTS with something else")
            }
            let servers = parts[2...].map { Self.server($0, askedAt: node) }
            nodes += servers.compactMap { $0?.node }
            if first <= wanted, wanted <= last { owner = servers[0] }
        }
        guard let owner else { throw RedisError(.clusterDown, "no node owns the slot \(wanted)") }
        isOwner = owner.id == mine
        self.owner = isOwner ? node : owner.node
        self.nodes = Array(nodes.prefix(1_000))
    }

    /// One entry: host, port, id and more. Without a host it is the one where we asked; `?` is one not known yet.
    private static func server(_ entry: RedisValue, askedAt node: RedisNode) -> (id: String, node: RedisNode?)? {
        guard let parts = entry.array, parts.count >= 3, let id = parts[2].string,
            let port = parts[1].int.flatMap(UInt16.init(exactly:)), port > 0
        else { return nil }
        let host = parts[0].string ?? ""
        return (id, host == "?" ? nil : RedisNode(host: host.isEmpty ? node.host : host, port: port))
    }
}
