import Foundation
import Redis

/// Connections between workers and Redis that break, fall silent or are slow.
extension FaultMaker {
    func silence(_ index: Int, _ length: Duration) async -> Bool {
        if mayEndLease(length), let (process, _) = pool.current(index) {
            pool.excuse(process, until: .now + length)
        }
        let isUsed = pool.network(index).fallSilent(for: length)
        await pause(length)
        return isUsed
    }

    func delay(_ index: Int, _ length: Duration) async -> Bool {
        let isUsed = pool.network(index).delay(by: .milliseconds(Int64(length.inSeconds * 100)))
        await pause(length)
        pool.network(index).heal()
        return isUsed
    }

    /// Every other connection that calls itself by our namespace.
    func killClients() async -> Bool {
        guard let list = try? await client.send(["CLIENT", "LIST"]).string else { return false }
        let ids = list.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            guard fields.contains(where: { $0.hasPrefix("name=\(namespace)-") }) else { return nil }
            return fields.first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) }
        }
        var killed = 0
        for (index, id) in ids.enumerated() where index.isMultiple(of: 2) {
            if await redis("CLIENT", "KILL", "ID", .text(id)) { killed += 1 }
        }
        return killed > 0
    }
}
