/// Limits and timings of the queue.
public struct QueueTuning: Sendable {
    public var maxWaiting: Int
    /// Of Redis' `maxmemory`.
    public var redisMemoryPercent: Int
    public var lease: Duration
    public var heartbeat: Duration
    public var backoffBase: Duration
    public var backoffCap: Duration
    public var maxRescues: Int
    public var maxDead: Int
    public var maxDemand: Int
    public var resultTTL: Duration
    public var reconcileInterval: Duration
    public var reconcileAge: Duration
    /// Zero: no limit.
    public var queueConcurrency: Int
    public var queueRate: Double
    public var tenantConcurrency: Int
    public var tenantRate: Double

    public init(_ read: SettingsReader) throws(SettingError) {
        maxWaiting = try read(Self.maxWaiting)
        redisMemoryPercent = try read(Self.redisMemoryPercent)
        lease = try read(Self.lease)
        heartbeat = try read(Self.heartbeat)
        backoffBase = try read(Self.backoffBase)
        backoffCap = try read(Self.backoffCap)
        maxRescues = try read(Self.maxRescues)
        maxDead = try read(Self.maxDead)
        maxDemand = try read(Self.maxDemand)
        resultTTL = try read(Self.resultTTL)
        reconcileInterval = try read(Self.reconcileInterval)
        reconcileAge = try read(Self.reconcileAge)
        queueConcurrency = try read(Self.queueConcurrency)
        queueRate = try read(Self.queueRate)
        tenantConcurrency = try read(Self.tenantConcurrency)
        tenantRate = try read(Self.tenantRate)
    }

    static let maxWaiting = Setting<Int>.int(
        "FLOTILLA_MAX_WAITING", "Jobs that may wait in one queue before the API answers 503.", default: 1_000_000,
        in: 1...100_000_000, unit: "jobs")
    static let redisMemoryPercent = Setting<Int>.int(
        "FLOTILLA_REDIS_MEMORY_PERCENT",
        "Of Redis' maxmemory; once so much is used the API accepts no jobs and answers 503.", default: 90, in: 1...100,
        unit: "percent")
    static let lease = Setting<Duration>.seconds(
        "FLOTILLA_LEASE_SECONDS", "How long a worker keeps its jobs without a heartbeat.", default: 10, in: 2...600)
    static let heartbeat = Setting<Duration>.seconds(
        "FLOTILLA_HEARTBEAT_SECONDS", "How often a worker renews its lease; at most a third of it.", default: 2,
        in: 0.2...60)
    static let backoffBase = Setting<Duration>.seconds(
        "FLOTILLA_BACKOFF_BASE_SECONDS", "The longest wait before the second attempt; doubles with each further one.",
        default: 1, in: 0.01...3600)
    static let backoffCap = Setting<Duration>.seconds(
        "FLOTILLA_BACKOFF_CAP_SECONDS", "The longest wait before any attempt.", default: 300, in: 0.01...86_400)
    static let maxRescues = Setting<Int>.int(
        "FLOTILLA_MAX_RESCUES", "How often a job may take its worker process down before it is dead.", default: 3,
        in: 1...100)
    static let maxDead = Setting<Int>.int(
        "FLOTILLA_MAX_DEAD", "Dead jobs kept for each queue; the oldest goes first.", default: 10_000,
        in: 1...10_000_000, unit: "jobs")
    static let maxDemand = Setting<Int>.int(
        "FLOTILLA_MAX_DEMAND", "The largest cardinality of a demand key.", default: 100_000, in: 1...10_000_000)
    static let resultTTL = Setting<Duration>.seconds(
        "FLOTILLA_RESULT_TTL_SECONDS", "How long snapshots, events and results stay in Redis once final.",
        default: 86_400, in: 60...2_592_000)
    static let reconcileInterval = Setting<Duration>.seconds(
        "FLOTILLA_RECONCILE_SECONDS", "How often the record is compared with Redis.", default: 5, in: 0.2...3600)
    static let reconcileAge = Setting<Duration>.seconds(
        "FLOTILLA_RECONCILE_AGE_SECONDS", "Recorded jobs older than this that Redis does not know are enqueued again.",
        default: 30, in: 1...86_400)

    static let queueConcurrency = Setting<Int>.int(
        "FLOTILLA_QUEUE_CONCURRENCY",
        "Jobs that all workers of this worker's queue run at the same time; 0: as many as they have slots.", default: 0,
        in: 0...1_000_000, unit: "jobs")
    static let queueRate = Setting<Double>.number(
        "FLOTILLA_QUEUE_RATE", "Jobs of this worker's queue that start in a second, in the whole fleet; 0: no limit.",
        default: 0, in: 0...1_000_000)
    static let tenantConcurrency = Setting<Int>.int(
        "FLOTILLA_TENANT_CONCURRENCY", "As FLOTILLA_QUEUE_CONCURRENCY, of each tenant.", default: 0, in: 0...1_000_000,
        unit: "jobs")
    static let tenantRate = Setting<Double>.number(
        "FLOTILLA_TENANT_RATE", "As FLOTILLA_QUEUE_RATE, of each tenant.", default: 0, in: 0...1_000_000)

    static let descriptions: [SettingDescription] = [
        maxWaiting.description, redisMemoryPercent.description, lease.description, heartbeat.description,
        backoffBase.description,
        backoffCap.description, maxRescues.description, maxDead.description, maxDemand.description,
        resultTTL.description, reconcileInterval.description, reconcileAge.description,
        queueConcurrency.description, queueRate.description, tenantConcurrency.description, tenantRate.description,
    ]
}
