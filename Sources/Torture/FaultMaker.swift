import Foundation
import Glibc
import Redis
import Synchronization

/// Makes the scheduled faults happen, and counts those that did. What each is stands in Faults/.
struct FaultMaker: Sendable {
    let pool: WorkerPool
    let watch: FleetWatch
    let ledger: Ledger
    let client: RedisClient
    let namespace: String
    let servers: ServerFolder?
    let environment: [String: String]
    let lease, heartbeat: Duration
    let tools: FaultTools

    /// Whether a worker that Redis does not hear of for so long may rightly lose its lease: the renewal before may be as
    /// old as a heartbeat, the next may wait for two timeouts of 1.5 s, and short pauses and sleeps may come on top.
    func mayEndLease(_ silence: Duration) -> Bool { silence + heartbeat + .seconds(6) > lease }

    /// Runs the schedule, until its end or until the task is cancelled, and mends everything.
    ///
    /// - Throws: as soon as something cannot be mended, for example a server that does not start again.
    func run(_ schedule: FaultSchedule) async throws -> [Fault.Kind: Int] {
        let start = ContinuousClock.now
        let made = Made()
        try await withThrowingDiscardingTaskGroup { group in
            for fault in schedule.faults {
                do { try await Task.sleep(until: start + fault.at) } catch { break }
                if group.isCancelled { break }
                group.addTask {
                    // A fault in the middle of which the run ends is ended properly.
                    if try await make(fault) { made.counts.withLock { $0[fault.kind, default: 0] += 1 } }
                }
            }
        }
        return made.counts.withLock { $0 }
    }

    private final class Made: Sendable {
        let counts = Mutex<[Fault.Kind: Int]>([:])
    }

    /// - Returns: false when nothing was broken, for example because the worker was away or asked for nothing meanwhile.
    private func make(_ fault: Fault) async throws -> Bool {
        let worker = fault.worker ?? 0
        return switch fault.kind {
        case .kill: try await kill(worker, fault.length)
        case .pause: await stop(worker, fault.length, excused: false)
        case .freeze: await stop(worker, fault.length, excused: true)
        case .terminate: try await terminate(worker, fault.length)
        case .cut: pool.network(worker).cut()
        case .halfOpen: await silence(worker, fault.length)
        case .delay: await delay(worker, fault.length)
        case .clientKill: await killClients()
        case .scriptFlush: await redis("SCRIPT", "FLUSH")
        case .helperKill: await killHelpers(worker)
        case .helperLimit: await limitHelpers(worker, fault.length)
        case .helperOutOfMemory: await starveHelpers(worker, fault.length)
        case .storageError: await disturbStorage(worker, .fails(EIO), fault.length)
        case .storageSlow: await disturbStorage(worker, .takes(fault.length / 3), fault.length)
        case .storageFull: await fillStorage(fault.length)
        case .clockStep: await stepClock(worker, fault.length, at: fault.at)
        case .redisKill: try await killRedis(fault.length, sync: "everysec")
        case .redisKillSynced: try await killRedis(fault.length, sync: "always")
        case .failover: await failOver()
        case .flushAll: await redis("FLUSHALL")
        case .redisSleep: await putRedisToSleep(fault.length)
        case .redisMemory: await fillRedis(fault.length)
        case .postgresFast: try await restartPostgres(fault.length, SIGINT)
        case .postgresImmediate: try await restartPostgres(fault.length, SIGQUIT)
        }
    }
}
