import Foundation
import Glibc
import Redis

/// Redis servers that are killed, replaced, emptied, stuck and full.
extension FaultMaker {
    /// Kills the primary. Under sentinels it may be a replica by the time it is back.
    func killRedis(_ down: Duration, sync: RedisArgument) async throws -> Bool {
        guard let servers, let name = await primary(servers), await redis("CONFIG", "SET", "appendfsync", sync) else {
            return false
        }
        // Long enough for writes that are synced this way.
        await pause(.milliseconds(500))
        // Leases fall back by up to a second with the file, and ran on meanwhile.
        if servers.hasSentinels {
            pool.excuseAll(until: .now + lease)
        } else if mayEndLease(down) {
            pool.excuseAll(until: .now + down + .seconds(1))
        }
        return try await servers.restart(name, with: SIGKILL, downFor: down, environment: environment)
    }

    /// Counts once the sentinels name another server.
    func failOver() async -> Bool {
        guard let servers, let before = await primary(servers), let sentinels = tools.sentinels else { return false }
        // The old primary takes heartbeats, and nobody sees them, until the sentinels correct it.
        pool.excuseAll(until: .now + .seconds(12))
        for attempt in 0..<100 {
            // They refuse while they are busy with the one before.
            if attempt.isMultiple(of: 20) { _ = await sentinels.failOver() }
            await pause(.milliseconds(100))
            if let port = await sentinels.primaryPort(), let name = servers.redis(at: port), name != before {
                return true
            }
        }
        return false
    }

    func putRedisToSleep(_ length: Duration) async -> Bool {
        // Sentinels take it for dead then.
        if length > .milliseconds(900), servers?.hasSentinels == true { pool.excuseAll(until: .now + .seconds(12)) }
        if mayEndLease(length) { pool.excuseAll(until: .now + length) }
        return await redis("DEBUG", "SLEEP", .text("\(length.inSeconds)"))
    }

    func fillRedis(_ length: Duration) async -> Bool {
        guard let servers, await redis("CONFIG", "SET", "maxmemory", "1mb") else { return false }
        await pause(length)
        // Which one it was may have changed meanwhile.
        for node in servers.redisNodes {
            let client = RedisClient(RedisURL(.server(node)), name: "flotilla-torture", lanes: 1)
            while (try? await client.send(["CONFIG", "SET", "maxmemory", "0"])) == nil {
                await pause(.milliseconds(100))
            }
        }
        return true
    }

    private func primary(_ servers: ServerFolder) async -> String? {
        // It may be being replaced at the moment.
        for _ in 0..<20 {
            let reply = try? await client.send(["CONFIG", "GET", "port"], idempotent: true)
            if let port = reply?.array?.last?.string.flatMap({ UInt16($0) }) { return servers.redis(at: port) }
            await pause(.milliseconds(250))
        }
        return nil
    }

    /// - Returns: whether Redis did it.
    func redis(_ arguments: RedisArgument...) async -> Bool {
        do throws(RedisError) {
            try await client.send(arguments)
            return true
        } catch {
            return false
        }
    }
}
