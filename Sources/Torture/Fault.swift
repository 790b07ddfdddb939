/// Something that goes wrong on purpose.
public struct Fault: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        /// SIGKILL of a worker, which is started again after a while.
        case kill
        /// SIGSTOP for less than a second, then SIGCONT.
        case pause
        /// SIGSTOP for longer than the lease, then SIGCONT.
        case freeze
        /// SIGTERM of a worker, which is started again.
        case terminate

        /// Every connection of a worker to Redis is reset.
        case cut
        /// A worker's connections stay open and carry nothing; what was sent comes late.
        case halfOpen = "half-open"
        /// What a worker and Redis tell each other comes late.
        case delay
        /// Redis closes some connections of the workers.
        case clientKill = "client-kill"
        case scriptFlush = "script-flush"

        /// SIGKILL of a worker's helpers.
        case helperKill = "helper-kill"
        /// A worker's helpers get no further address space.
        case helperLimit = "helper-rlimit"
        /// The kernel kills a helper that asks for more memory than its control group has.
        case helperOutOfMemory = "helper-oom"

        /// Syncing and naming files fails for a worker: EIO.
        case storageError = "storage-error"
        /// The same calls take long.
        case storageSlow = "storage-slow"
        /// The storage's file system has no room.
        case storageFull = "storage-full"

        /// A worker's wall clock jumps, by up to a day, and back later.
        case clockStep = "clock-step"

        /// SIGKILL of Redis, which comes back with its append-only file, synced every second.
        case redisKill = "redis-kill"
        /// The same with a file that was synced at each write.
        case redisKillSynced = "redis-kill-synced"
        /// A sentinel makes a replica the primary.
        case failover
        case flushAll = "flushall"
        /// Redis answers nobody.
        case redisSleep = "redis-sleep"
        /// Redis takes no further byte.
        case redisMemory = "redis-maxmemory"

        case postgresFast = "postgres-fast"
        case postgresImmediate = "postgres-immediate"

        /// Those that others would notice: for servers that stand for this run only.
        public static let ofServers: [Kind] = [
            .redisKill, .redisKillSynced, .failover, .flushAll, .redisSleep, .redisMemory, .postgresFast,
            .postgresImmediate,
        ]
        public static let ofWorkers = allCases.filter { !ofServers.contains($0) }
    }

    /// From the start of the run.
    public var at: Duration
    public var kind: Kind
    /// Which worker, from 0; nil where it concerns all of them.
    public var worker: Int?
    /// How long it lasts; for a kill: until the process is started again.
    public var length: Duration
}
