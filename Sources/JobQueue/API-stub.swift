public import Logging
public import Model
public import Redis

extension JobQueue {
    /// Queues envelopes, at most 1,000 a script; order is kept.
    public func enqueue(
        _ envelopes: [JobEnvelope], on queue: QueueName
    ) async throws(JobQueueError) -> [EnqueueOutcome] { fatalError() }
    /// Waiting and delayed jobs are dropped, running ones stopped. Remembered for `cancelTTL`.
    public func cancel(_ ids: [JobID]) async throws(JobQueueError) { fatalError() }
    public func pause(_ queue: QueueName) async throws(JobQueueError) { fatalError() }
    public func resume(_ queue: QueueName) async throws(JobQueueError) { fatalError() }
    public func state(of id: JobID) async throws(JobQueueError) -> JobSnapshot? { fatalError() }
    /// Newest first.
    public func dead(
        _ queue: QueueName, limit: Int, cursor: String?
    ) async throws(JobQueueError) -> Page<DeadJob> { fatalError() }
    /// All, or those with these ids, or with this code. Returns how many went back to the queue.
    @discardableResult
    public func retryDead(
        _ queue: QueueName, ids: [JobID]? = nil, code: String? = nil
    ) async throws(JobQueueError) -> Int { fatalError() }
    @discardableResult
    public func discardDead(
        _ queue: QueueName, ids: [JobID]? = nil, code: String? = nil
    ) async throws(JobQueueError) -> Int { fatalError() }
    @discardableResult
    public func retryParked(_ queue: QueueName) async throws(JobQueueError) -> Int { fatalError() }
    public func queues() async throws(JobQueueError) -> [QueueStats] { fatalError() }
    public func workers() async throws(JobQueueError) -> [WorkerInfo] { fatalError() }
    /// Gives the jobs of a worker process that is known to be dead back at once. Returns how many.
    @discardableResult
    public func releaseDead(_ worker: WorkerID) async throws(JobQueueError) -> Int { fatalError() }
    /// Sends a progress message and updates the snapshot, in one script.
    /// - Parameters:
    ///   - fields: further snapshot fields, for example total, processed, failed, status.
    ///   - fence: of the claim this event is about; refused (nil) when a newer claim of the job has reported.
    /// - Returns: the message's `seq`.
    @discardableResult
    public func publish(
        _ event: ProgressEvent, fields: [String: String] = [:], fence: Int64? = nil
    ) async throws(JobQueueError) -> Int64? { fatalError() }
    /// - Parameter subject: a batch or job id.
    public func snapshot(_ subject: String) async throws(JobQueueError) -> ProgressSnapshot? { fatalError() }
    /// The kept messages with a higher `seq`, oldest first; the first one's `seq` shows whether some are gone.
    public func events(
        _ subject: String, after seq: Int64
    ) async throws(JobQueueError) -> [EventMessage] { fatalError() }
    /// Ids that wait, run, are delayed or parked, page by page.
    public func knownJobIDs(
        _ queue: QueueName, cursor: KnownJobs.Cursor? = nil
    ) async throws(JobQueueError) -> KnownJobs { fatalError() }
    /// A value that is gone when Redis has been emptied.
    public func marker() async throws(JobQueueError) -> String? { fatalError() }
    public func setMarker(_ value: String) async throws(JobQueueError) { fatalError() }
    /// The channel of a batch or job, for ``RedisSubscriber``; `*` for all.
    public func progressChannel(_ subject: String) -> String { fatalError() }
}

/// Keeps the queues healthy without running jobs (the API has one; every ``Consumer`` has its own): rescues the jobs of
/// lost workers, promotes due delayed jobs, keeps the demand keys.
public final class Sweeper: Sendable {
    public init(
        redis: RedisURL, settings: QueueSettings = QueueSettings(), logger: Logger,
        endedUnrun: @escaping @Sendable (JobEnvelope, JobState, JobFailure) -> Void = { _, _, _ in }
    ) { fatalError() }
    public func start() {}
    public func stop() {}
}

/// Claims jobs of one queue and settles them. Blocking inside, on OS threads of its own; no asynchronous Swift.
public final class Consumer: Sendable {
    /// - Parameters:
    ///   - slots: jobs held at the same time, 1…1,000.
    ///   - knows: whether this worker has a handler for a kind; others are parked.
    ///   - version: of this release, shown to operators.
    public init(
        redis: RedisURL, queue: QueueName, slots: Int, settings: QueueSettings = QueueSettings(), version: String,
        logger: Logger, knows: @escaping @Sendable (_ kind: String) -> Bool, callbacks: ConsumerCallbacks
    ) { fatalError() }
    /// Connects, registers and claims, all in the background: works even if Redis comes later.
    public func start() {}
    /// Changes how many jobs may be held; lowering it lets running ones end.
    public func setSlots(_ slots: Int) {}
    /// Settles a claim, with jobs to enqueue in the same atomic script. From any thread; returns at once, Redis
    /// knows within 5 ms. The second call for the same claim is ignored.
    public func finish(_ claim: Claim, _ outcome: Outcome, followUps: [(QueueName, JobEnvelope)] = []) {}
    /// Sends a progress message about a claim, at most four a second for each job, the last one always.
    public func report(_ event: ProgressEvent, for claim: Claim, fields: [String: String] = [:]) {}
    /// Stops claiming; running jobs go on.
    public func drain() {}
    /// Drains, waits at most `grace` for the running jobs, releases the rest, and leaves the registry. Blocking.
    public func stop(grace: Duration) {}
    public var status: ConsumerStatus { fatalError() }
}
