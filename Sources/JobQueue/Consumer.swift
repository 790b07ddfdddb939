internal import Foundation
public import Logging
public import Model
public import Redis

/// Claims jobs of one queue and settles them. Blocking inside, on OS threads of its own; no asynchronous Swift.
///
/// Five threads: one claims and settles, and sleeps on a second connection until the queue has something, one stands by
/// for it (``ClaimRelief``), one renews the lease, one listens to orders, one looks after lost workers (``Sweeper``).
public final class Consumer: Sendable {
    let redis: RedisURL
    let queue: QueueName
    let settings: QueueSettings
    let keys: Keys
    let version: String
    let logger: Logger
    let knows: @Sendable (String) -> Bool
    let callbacks: ConsumerCallbacks
    let maker: SettlementMaker
    let state: Monitor<ConsumerState>
    let stopped = Monitor(false)
    let clock = ServerClock()
    private let sweeper: Sweeper
    let startedAt = Date()
    /// Jobs one exchange claims at most.
    static let maxClaims = 100

    /// - Parameters:
    ///   - slots: jobs held at the same time, 1…1,000.
    ///   - version: of this release, shown to operators.
    ///   - knows: whether this worker has a handler for a kind; others are parked.
    public init(
        redis: RedisURL, queue: QueueName, slots: Int, settings: QueueSettings = QueueSettings(), version: String,
        logger: Logger, knows: @escaping @Sendable (_ kind: String) -> Bool, callbacks: ConsumerCallbacks
    ) {
        self.redis = redis
        self.queue = queue
        self.settings = settings
        self.version = version
        self.logger = logger
        self.knows = knows
        self.callbacks = callbacks
        keys = Keys(namespace: settings.namespace)
        maker = SettlementMaker(settings: settings, keys: keys)
        state = Monitor(ConsumerState(worker: WorkerID(fresh: queue), slots: min(max(slots, 1), 1_000)))
        sweeper = Sweeper(
            redis: redis, settings: settings, sorting: queue, logger: logger, endedUnrun: callbacks.endedUnrun)
    }

    /// Connects, registers and claims, all in the background: works even if Redis comes later.
    public func start() {
        let seat = ClaimSeat()
        if callbacks.prepare != nil, let relief = ClaimRelief() {
            relief.start { [self] in claimLoop(seat, relief) }
        } else {
            Thread.start(named: "queue-claim") { [self] in _ = claimLoop(seat, nil) }
        }
        Thread.start(named: "queue-lease") { [self] in heartbeatLoop() }
        Thread.start(named: "queue-orders") { [self] in controlLoop() }
        sweeper.start()
    }

    /// Changes how many jobs may be held; lowering it lets running ones end.
    public func setSlots(_ slots: Int) {
        state.update { $0.slots = min(max(slots, 1), 1_000) }
    }

    /// Settles a claim, with jobs to enqueue in the same atomic script. From any thread; returns at once, Redis
    /// knows within 5 ms. A second call for the same claim is ignored.
    public func finish(_ claim: Claim, _ outcome: Outcome, followUps: [(QueueName, JobEnvelope)] = []) {
        let settlement = makeSettlement(claim, outcome, followUps)
        state.update { state in
            guard claim.worker == state.worker, var held = state.held.removeValue(forKey: claim.ticket) else { return }
            if let last = held.throttle.flush() { state.reports.append(last) }
            state.pending.append(settlement)
            if state.isSorted { state.mayHaveWork = true }
        }
    }

    func makeSettlement(
        _ claim: Claim, _ outcome: Outcome, _ followUps: [(QueueName, JobEnvelope)]
    ) -> Settlement {
        do {
            return try maker.settlement(claim, outcome, followUps: followUps, at: clock.now)
        } catch {
            logger.error("Outcome cannot be written; the job goes back", metadata: ["reason": "\(error)"])
            return Settlement(verb: .front, raw: claim.raw, value: claim.raw, id: claim.envelope.id.rawValue)
        }
    }

    /// Sends a progress message about a claim. `…_PROGRESS` events are sent at most four times a second for each job,
    /// the last one always; others at once.
    public func report(_ event: ProgressEvent, for claim: Claim, fields: [String: String] = [:]) {
        guard let record = ProgressRecord(event, fields: fields, at: clock.now) else { return }
        let report = ConsumerState.Report(record: record, claim: claim)
        let isThrottled = event.event == .stepProgress || event.event == .jobProgress
        state.update { state in
            guard claim.worker == state.worker, state.held[claim.ticket] != nil else { return }
            if !state.untold.isEmpty { tellStarts(&state) }
            if !isThrottled {
                if let last = state.held[claim.ticket]?.throttle.flush() { state.reports.append(last) }
                state.reports.append(report)
            } else if let due = state.held[claim.ticket]?.throttle.offer(report, at: .now) {
                state.reports.append(due)
            }
            if state.reports.count > 10_000 { state.reports.removeFirst(state.reports.count - 10_000) }
        }
    }

    /// Puts the start messages of jobs that still run in front of whatever else they have to tell.
    func tellStarts(_ state: inout ConsumerState) {
        for ticket in state.untold {
            guard let claim = state.held[ticket]?.claim else { continue }
            let record = maker.record(claim.envelope, queue, .jobStarted, claim.fence, at: claim.claimedAt)
            if let record { state.reports.append(ConsumerState.Report(record: record, claim: claim)) }
        }
        state.untold = []
    }

    /// Stops claiming; running jobs go on.
    public func drain() { state.update { $0.isDraining = true } }

    /// Drains, waits at most `grace` for the running jobs, gives the rest back, and leaves the registry. Blocking.
    public func stop(grace: Duration) {
        drain()
        let deadline = ContinuousClock.now + grace
        state.wait { state in (state.running == 0 || ContinuousClock.now >= deadline ? () : nil, deadline) }
        let rest = state.update { state in
            let unbegun = state.arrival?.raws ?? []
            let claims = state.abandonHeld()
            state.arrival = nil
            // The newest first, so that in the end the oldest is at the very front.
            state.pending += unbegun.reversed().map { Settlement(verb: .front, raw: $0, value: $0) }
            state.pending += claims.reversed().map { claim in
                Settlement(verb: .front, raw: claim.raw, value: claim.raw, id: claim.envelope.id.rawValue)
            }
            state.isStopping = true
            return claims
        }
        if !rest.isEmpty { callbacks.abandon(rest) }
        let end = ContinuousClock.now + settings.commandTimeout * 2
        let left = state.wait { state in
            (state.hasLeft || ContinuousClock.now >= end ? state.hasLeft : nil, end)
        }
        if !left { logger.warning("Redis was away at the stop; what this worker held is rescued when its lease ends") }
        shutDown()
    }

    /// Ends the threads; jobs still held stay in the run list for others to rescue.
    func shutDown() {
        stopped.update { $0 = true }
        state.update { $0.isStopping = true }
        sweeper.stop()
    }

    public var status: ConsumerStatus {
        state.withLock { state in
            ConsumerStatus(
                worker: state.worker, isConnected: state.isConnected,
                sinceRenewal: state.lastRenewal.map { ContinuousClock.now - $0 }, running: state.running,
                slots: state.slots, isPaused: state.isPaused, isDraining: state.isDraining, claimed: state.claimed,
                settled: state.settled, fenced: state.fencedCount)
        }
    }

    func connect(_ role: String) throws(RedisError) -> RedisConnection {
        let timeouts = RedisTimeouts(connect: settings.commandTimeout, command: settings.commandTimeout)
        return try RedisConnection.open(
            redis, name: "\(settings.namespace)-\(queue.rawValue)-\(role)", timeouts: timeouts)
    }
}
