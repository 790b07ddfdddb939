internal import Model
internal import Redis

/// Looking into the lanes of a sorted queue (`lanes.lua`).
extension JobQueue {
    /// The first lane whose key is `start` or sorts behind it; nil behind the last.
    func lane(from start: String?, _ queue: QueueName) async throws(JobQueueError) -> String? {
        try await lanes(queue).first { $0 >= start ?? "" }
    }

    /// The keys of all lanes, in their order.
    func lanes(_ queue: QueueName) async throws(JobQueueError) -> [String] {
        let key = keys.lanes(queue)
        let ranks = try await send(["ZRANGE", .text("\(key):ranks"), 0, -1]).array?.compactMap(\.string) ?? []
        var commands = CommandBuffer()
        for rank in ranks { commands.append("ZRANGE", .text("\(key):\(rank)"), 0, -1) }
        let tenants = ranks.isEmpty ? [] : try await pipeline(commands)
        return zip(ranks, tenants).flatMap { rank, reply in
            (reply.array ?? []).compactMap(\.string).map { "\(key):\(rank):\($0)" }
        }.sorted()
    }

    /// The envelope's bytes: elements of lanes have their cost in front.
    static func raw(_ element: [UInt8]) -> ArraySlice<UInt8> {
        guard let first = element.first, (0x30...0x39).contains(first),
            let space = element.prefix(20).firstIndex(of: UInt8(ascii: " "))
        else { return element[...] }
        return element[(space + 1)...]
    }
}
