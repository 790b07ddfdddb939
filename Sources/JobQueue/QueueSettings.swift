/// Limits and timings of the queue; every one has a safe default.
public struct QueueSettings: Sendable, Hashable {
    /// First part of every key and channel.
    public var namespace = "flotilla"
    /// Jobs that may wait in one queue, delayed ones and those that wait for others included, before an enqueue is refused.
    public var maxWaiting = 1_000_000
    /// What all workers of a queue together may run.
    public var limits = QueueLimits()
    /// How long a worker keeps its jobs without a heartbeat.
    public var lease = Duration.seconds(10)
    public var heartbeat = Duration.seconds(2)
    /// Without a renewal for this long a worker gives its jobs up by itself; less than `lease`.
    public var selfFence = Duration.seconds(7)
    /// How often somebody looks for workers with an expired lease.
    public var sweepInterval = Duration.seconds(1)
    /// How often a worker looks whether the processes of its host's other workers are still there.
    public var siblingInterval = Duration.milliseconds(500)
    public var backoff = Backoff()
    /// How often a job may lose its worker process before it is dead.
    public var maxRescues = 3
    /// How many attempts may end with the same native crash before the job is dead.
    public var maxCrashes = 2
    /// How many attempts may run out of memory before the job is dead.
    public var maxOutOfMemory = 3
    /// Dead jobs kept for each queue; the oldest goes first.
    public var maxDead = 10_000
    /// How long a unique key holds when its job does not end before.
    public var uniqueTTL = Duration.seconds(86_400)
    /// How often a job that waits for others is looked at, should what would have woken it be lost.
    public var dependencyInterval = Duration.seconds(30)
    /// How long a cancellation is remembered.
    public var cancelTTL = Duration.seconds(86_400)
    /// How long snapshots, events and results stay once they are final.
    public var resultTTL = Duration.seconds(86_400)
    /// Bytes of JSON a job's result may have; a longer one is replaced by a note.
    public var maxResultBytes = 65_536
    /// Bytes an element of a queue may have to be read at all; longer ones die without their bytes.
    public var maxElementBytes = 8 << 20
    /// Messages kept for each batch or job, for readers that come back.
    public var maxEvents = 1_000
    /// The largest cardinality of a demand key.
    public var maxDemand = 100_000
    /// Whether jobs without a batch leave a snapshot and `JOB_…` messages of their own.
    public var recordsSingleJobs = true
    /// How often parked jobs are offered again to workers that may know them by now.
    public var parkedInterval = Duration.seconds(60)
    /// Deadline of a connection attempt and of each answer.
    public var commandTimeout = Duration.milliseconds(1_500)

    public init() {}
}
