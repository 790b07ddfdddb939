public import Model

/// What a ``Consumer`` tells its runtime. All are called on the consumer's threads and must return at once, but for what
/// `prepare` gives.
public struct ConsumerCallbacks: Sendable {
    /// Run this job on a slot, then call ``Consumer/finish(_:_:followUps:)``.
    public var perform: @Sendable (Claim, Consumer) -> Void
    /// As `perform`, but the job begins in the closure that this returns. The claiming thread calls it and may take as long
    /// as it likes, another thread claims meanwhile. Nil: jobs run on threads of the runtime only.
    public var prepare: (@Sendable (Claim, Consumer) -> (@Sendable () -> Void))?
    /// How a job ends that needs neither waiting nor I/O, worked out on the claiming thread; nil: perform it.
    public var immediate: @Sendable (Claim) -> Outcome?
    /// Somebody cancelled this running job: stop it, then finish it with `.cancelled`.
    public var cancel: @Sendable (Claim) -> Void
    /// These claims are no longer ours: stop the work, write no effects. Finishing them changes nothing any more.
    public var abandon: @Sendable ([Claim]) -> Void
    /// A job of this queue ended without running here: expired, cancelled while it waited, lost its worker too often,
    /// or a duplicate of an unfinished one. The record has to follow.
    public var endedUnrun: @Sendable (JobEnvelope, JobState, JobFailure) -> Void
    /// Redis is another server (a run id), or the same one started again or emptied, and may give fences out that were
    /// given out before. Answer with the number they have to rise from (below 2^53), sooner or later and from any
    /// thread: nothing is claimed before. Nil: nobody keeps fences, so the server's own count and clock will do.
    public var fenceFloor: (@Sendable (_ server: String, _ answer: @escaping @Sendable (Int64) -> Void) -> Void)?

    public init(
        perform: @escaping @Sendable (Claim, Consumer) -> Void,
        prepare: (@Sendable (Claim, Consumer) -> (@Sendable () -> Void))? = nil,
        immediate: @escaping @Sendable (Claim) -> Outcome? = { _ in nil },
        cancel: @escaping @Sendable (Claim) -> Void = { _ in },
        abandon: @escaping @Sendable ([Claim]) -> Void = { _ in },
        endedUnrun: @escaping @Sendable (JobEnvelope, JobState, JobFailure) -> Void = { _, _, _ in },
        fenceFloor: (@Sendable (_ server: String, _ answer: @escaping @Sendable (Int64) -> Void) -> Void)? = nil
    ) {
        self.perform = perform
        self.prepare = prepare
        self.immediate = immediate
        self.cancel = cancel
        self.abandon = abandon
        self.endedUnrun = endedUnrun
        self.fenceFloor = fenceFloor
    }
}

/// How a consumer is doing, for readiness checks and metrics.
public struct ConsumerStatus: Sendable, Hashable {
    public var worker: WorkerID
    /// Whether the last exchange with Redis went well.
    public var isConnected: Bool
    /// Since the lease was last renewed; nil before the first time.
    public var sinceRenewal: Duration?
    public var running: Int
    public var slots: Int
    public var isPaused: Bool
    public var isDraining: Bool
    /// Claims since the start.
    public var claimed: Int
    /// Settlements Redis confirmed.
    public var settled: Int
    /// Settlements refused because the job had gone to another worker.
    public var fenced: Int
}
