import Redis

/// The sentinels of a run, spoken to directly.
struct Sentinels: Sendable {
    private let clients: [RedisClient]
    private let name: String

    init(_ nodes: [RedisNode], primary name: String) {
        clients = nodes.map { RedisClient(RedisURL(.server($0)), name: "flotilla-torture", lanes: 1) }
        self.name = name
    }

    /// Asks for another primary. False: there is none that could be it, or an exchange is under way.
    func failOver() async -> Bool {
        for client in clients where (try? await client.send(["SENTINEL", "FAILOVER", .text(name)])) != nil {
            return true
        }
        return false
    }

    /// The port of the primary, as the first sentinel that answers has it.
    func primaryPort() async -> UInt16? {
        for client in clients {
            let answer = try? await client.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", .text(name)], idempotent: true)
            if let port = answer?.array?.last?.string.flatMap(UInt16.init) { return port }
        }
        return nil
    }
}
