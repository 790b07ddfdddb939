internal import Foundation
internal import Logging
internal import Redis

/// Whether fences go on rising on the server that the claiming thread talks to. Another one, or the same one started
/// again, may have an older count and a clock that is behind: then whoever keeps the record says where to go on from.
/// Until then nothing is claimed; settling, progress and heartbeats go on.
enum FenceStanding: Sendable, Hashable {
    /// The server has to be looked at.
    case unknown
    /// The record is asked for a floor for this server.
    case asked(server: String)
    case raise(server: String, floor: Int64)
    case sound(server: String)
}

extension Consumer {
    /// Looks whether this server's count was seen to, and asks for a floor where it was not.
    func checkFence(_ connection: inout RedisConnection) throws(RedisError) {
        var commands = CommandBuffer()
        commands.append("INFO", "server")
        commands.append("GET", .text(keys.fenceEpoch))
        let replies = try connection.pipeline(commands)
        let server = Self.runID(replies[0].string)
        if let noted = try replies[1].get().string, noted == server {
            return state.update { $0.fence = .sound(server: server) }
        }
        guard let fenceFloor = callbacks.fenceFloor else {
            return try raiseFence(on: server, to: 0, &connection)
        }
        state.update { $0.fence = .asked(server: server) }
        fenceFloor(server) { [weak self] floor in
            self?.state.update { state in
                // Else another server has come meanwhile, which is asked about by itself.
                if state.fence == .asked(server: server) { state.fence = .raise(server: server, floor: floor) }
            }
        }
    }

    func raiseFence(on server: String, to floor: Int64, _ connection: inout RedisConnection) throws(RedisError) {
        let raised = try connection.run(
            QueueScripts.floor, keys: [.text(keys.fence), .text(keys.fenceEpoch)], [.text(server), .int(floor)])
        state.update { $0.fence = .sound(server: server) }
        if raised.int == 1 {
            logger.notice("Fences go on on this server", metadata: ["redis": "\(server)", "floor": "\(floor)"])
        }
    }

    /// A user that may not ask for it gets a new identity at each connection: that is one question too many at most.
    static func runID(_ info: String?) -> String {
        let lines = info?.split(whereSeparator: \.isNewline) ?? []
        let line = lines.first { $0.hasPrefix("run_id:") }
        return line.map { String($0.dropFirst("run_id:".count).prefix(64)) } ?? UUID().uuidString.lowercased()
    }
}
