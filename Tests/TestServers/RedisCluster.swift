/// Three nodes of a Redis Cluster, each with a third of the slots.
public final class RedisCluster: Sendable {
    public let nodes: [RedisServer]

    /// A URL that names the nodes in this order.
    public func url(_ order: [Int] = [0, 1, 2]) -> String {
        "redis+cluster://" + order.map { "127.0.0.1:\(nodes[$0].port)" }.joined(separator: ",")
    }

    /// One cluster for all tests of a process that keep to a tag of their own and leave the slots where they are.
    public static let shared = Result { try start() }

    /// Somebody may take a port before a node binds it; then once more, with other ports.
    ///
    /// - Parameter replicas: further nodes, all of them replicas of the first.
    public static func start(replicas: Int = 0) throws -> RedisCluster {
        for _ in 0..<2 {
            if let cluster = try? RedisCluster(replicas: replicas) { return cluster }
        }
        return try RedisCluster(replicas: replicas)
    }

    private init(replicas: Int) throws {
        nodes = try (0..<3 + replicas).map { number in
            // The bus has its own port: the usual one, 10,000 higher, may not exist.
            try RedisServer(arguments: [
                "--cluster-enabled", "yes", "--cluster-port", "\(try FreePort.next())", "--cluster-node-timeout", "500",
                "--cluster-config-file", "nodes-\(number).conf", "--repl-diskless-sync-delay", "0",
            ])
        }
        let primaries = nodes.prefix(3).map { "127.0.0.1:\($0.port)" }
        let create = try ChildServer.output(
            of: ["redis-cli", "--cluster", "create"] + primaries + ["--cluster-replicas", "0", "--cluster-yes"])
        guard create.contains("All 16384 slots covered") else { throw ServerFailure("no cluster: \(create)") }
        for replica in nodes.dropFirst(3) {
            _ = try ChildServer.output(of: [
                "redis-cli", "--cluster", "add-node", "127.0.0.1:\(replica.port)", primaries[0], "--cluster-slave",
                "--cluster-master-id", try nodes[0].cli("CLUSTER", "MYID"),
            ])
            try waitUntil("the replica follows") { try replica.cli("ROLE").contains("connected") }
        }
        for node in nodes {
            try waitUntil("every node sees the cluster") {
                let info = try node.cli("CLUSTER", "INFO")
                return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:\(nodes.count)")
            }
        }
    }

    public func slot(ofTag tag: String) throws -> Int {
        Int(try nodes[0].cli("CLUSTER", "KEYSLOT", "{\(tag)}")) ?? -1
    }

    /// Which of the nodes says that it owns the slot of this tag.
    public func owner(ofTag tag: String) throws -> Int? {
        try nodes.firstIndex { try $0.cli("SET", "{\(tag)}:owner?", "x", "PX", "1") == "OK" }
    }

    /// A tag whose slot this node has.
    public func tag(on node: Int) throws -> String {
        for number in 0..<200 where try owner(ofTag: "tag\(number)") == node { return "tag\(number)" }
        throw ServerFailure("no tag for node \(node)")
    }

    /// Moves a slot with its keys, as operators do it (“Resharding”, Redis Cluster specification).
    public func move(slot: Int, from source: Int, to target: Int) throws {
        let ids = try [source, target].map { try nodes[$0].cli("CLUSTER", "MYID") }
        try nodes[target].cli("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", ids[0])
        try nodes[source].cli("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", ids[1])
        while case let keys = try nodes[source].cli("CLUSTER", "GETKEYSINSLOT", "\(slot)", "100"), !keys.isEmpty {
            for key in keys.split(separator: "\n") {
                try nodes[source].cli("MIGRATE", "127.0.0.1", "\(nodes[target].port)", String(key), "0", "5000")
            }
        }
        for node in [target, source] { try nodes[node].cli("CLUSTER", "SETSLOT", "\(slot)", "NODE", ids[1]) }
    }
}
