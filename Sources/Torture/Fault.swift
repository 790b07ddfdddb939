/// Something that goes wrong on purpose.
public struct Fault: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        /// SIGKILL of a worker, which is started again after a while.
        case kill
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
        case scriptFlush = "script-flush"
        /// Redis closes some connections of the workers.
        case clientKill = "client-kill"

        /// SIGKILL of Redis, which comes back with its append-only file.
        case redisKill = "redis-kill"
        case flushAll = "flushall"
        /// Redis answers nobody.
        case redisSleep = "redis-sleep"
        /// Redis takes no further byte.
        case redisMemory = "redis-maxmemory"
        case postgresFast = "postgres-fast"
        case postgresImmediate = "postgres-immediate"

        /// Those that others would notice: for servers that stand for this run only.
        public static let ofServers: [Kind] = [
            .redisKill, .flushAll, .redisSleep, .redisMemory, .postgresFast, .postgresImmediate,
        ]
        public static let ofWorkers = allCases.filter { !ofServers.contains($0) }

        var concernsOneWorker: Bool {
            switch self {
            case .kill, .freeze, .terminate, .cut, .halfOpen, .delay: true
            default: false
            }
        }
    }

    /// From the start of the run.
    public var at: Duration
    public var kind: Kind
    /// Which worker, from 0; nil where it concerns all of them.
    public var worker: Int?
    /// How long it lasts; for a kill: until the process is started again.
    public var length: Duration
}
