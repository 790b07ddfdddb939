import Foundation
import Glibc
import Redis

/// Makes the scheduled faults happen, and counts those that did.
struct FaultMaker: Sendable {
    let pool: WorkerPool
    let watch: FleetWatch
    let ledger: Ledger
    let client: RedisClient
    let namespace: String
    let servers: ServerFolder?
    let environment: [String: String]
    let lease: Duration

    /// Runs the schedule, until its end or until the task is cancelled, and mends everything.
    func run(_ schedule: FaultSchedule) async throws -> [Fault.Kind: Int] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Fault.Kind?.self) { group in
            for fault in schedule.faults {
                do { try await Task.sleep(until: start + fault.at) } catch { break }
                group.addTask {
                    // A fault in the middle of which the run ends is ended properly.
                    try await make(fault) ? fault.kind : nil
                }
            }
            var counts: [Fault.Kind: Int] = [:]
            for try await kind in group { if let kind { counts[kind, default: 0] += 1 } }
            return counts
        }
    }

    /// - Returns: false when it could not be done, for example because Redis was away.
    private func make(_ fault: Fault) async throws -> Bool {
        switch fault.kind {
        case .kill: return try await kill(fault.worker ?? 0, fault.length)
        case .freeze: return await freeze(fault.worker ?? 0, fault.length)
        case .terminate:
            await pool.terminate(fault.worker ?? 0)
            await pause(fault.length)
            try pool.start(fault.worker ?? 0)
        case .cut: pool.proxy(fault.worker ?? 0).cut()
        case .halfOpen:
            let index = fault.worker ?? 0
            // The renewal before may have been as old as a heartbeat, and the next may wait for a timeout.
            if fault.length * 2 > lease, let (process, _) = pool.current(index) {
                pool.excuse(process, until: .now + fault.length)
            }
            pool.proxy(index).fallSilent(for: fault.length)
            await pause(fault.length)
        case .delay:
            pool.proxy(fault.worker ?? 0).delay(by: .milliseconds(Int64(fault.length.inSeconds * 100)))
            await pause(fault.length)
            pool.proxy(fault.worker ?? 0).heal()
        case .scriptFlush: return await redis("SCRIPT", "FLUSH")
        case .clientKill: return await killClients()
        case .redisKill:
            // Leases fall back by up to a second with the file, and ran on meanwhile.
            if fault.length + .seconds(6) > lease { pool.excuseAll(until: .now + fault.length + .seconds(1)) }
            try await servers?.restart(.redis, with: SIGKILL, downFor: fault.length, environment: environment)
        case .flushAll: return await redis("FLUSHALL")
        case .redisSleep:
            if fault.length + .seconds(5) > lease { pool.excuseAll(until: .now + fault.length) }
            return await redis("DEBUG", "SLEEP", .text("\(fault.length.inSeconds)"))
        case .redisMemory:
            guard await redis("CONFIG", "SET", "maxmemory", "1mb") else { return false }
            await pause(fault.length)
            while await !redis("CONFIG", "SET", "maxmemory", "0") { await pause(.milliseconds(100)) }
        case .postgresFast:
            try await servers?.restart(.postgres, with: SIGINT, downFor: fault.length, environment: environment)
        case .postgresImmediate:
            try await servers?.restart(.postgres, with: SIGQUIT, downFor: fault.length, environment: environment)
        }
        return true
    }

    private func kill(_ index: Int, _ down: Duration) async throws -> Bool {
        guard let (process, incarnation) = pool.current(index) else { return false }
        let worker = await watch.worker(of: process.pid)
        let instant = ContinuousClock.now
        await pool.kill(index)
        if let worker { ledger.orphaned(await watch.held(by: worker), by: incarnation, at: instant) }
        await pause(down)
        try pool.start(index)
        return true
    }

    private func freeze(_ index: Int, _ length: Duration) async -> Bool {
        guard let (process, _) = pool.current(index) else { return false }
        pool.excuse(process, until: .now + length)
        guard process.signal(SIGSTOP) else { return false }
        await pause(length)
        process.signal(SIGCONT)
        pool.excuse(process, until: .now)
        return true
    }

    /// Every other connection that calls itself by our namespace.
    private func killClients() async -> Bool {
        guard let list = try? await client.send(["CLIENT", "LIST"]).string else { return false }
        let ids = list.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            guard fields.contains(where: { $0.hasPrefix("name=\(namespace)-") }) else { return nil }
            return fields.first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) }
        }
        for (index, id) in ids.enumerated() where index % 2 == 0 { _ = await redis("CLIENT", "KILL", "ID", .text(id)) }
        return !ids.isEmpty
    }

    private func redis(_ arguments: RedisArgument...) async -> Bool {
        do throws(RedisError) {
            try await client.send(arguments)
            return true
        } catch {
            return false
        }
    }
}
