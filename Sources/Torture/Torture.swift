import Catalog
import Foundation
import JobQueue
public import Logging
import Model
import Pipeline
import Postgres
import Redis
import Settings
import Synchronization

/// Runs workers of its own on the configured servers, breaks them at random, and holds every job against its promise.
///
/// It lives in a namespace and in a database schema of its own, which are gone afterwards.
public struct Torture: Sendable {
    public struct Options: Sendable {
        public var length: Duration
        /// The same seed gives the same jobs and the same faults; what the machine makes of them differs.
        public var seed: UInt64
        public var workers = 3
        public var slots = 4
        public var jobsPerSecond = 60
        public var faultsPerSecond = 3.0
        /// How long jobs may take to end once the faults are over.
        public var patience = Duration.seconds(180)
        /// The `flotilla` executable: worker, helper and gate of a run are commands of it.
        public var program: String
        /// Servers that nobody else uses; nil: Redis and PostgreSQL are left alone.
        public var servers: ServerFolder?

        public init(length: Duration, seed: UInt64, program: String, servers: ServerFolder? = nil) {
            self.length = length
            self.seed = seed
            self.program = program
            self.servers = servers
        }

        /// What starts a worker.
        func command(gated: Bool) -> [String] {
            let worker = [program, "torture-worker"]
            return gated ? [program, "torture-gate"] + worker : worker
        }
    }

    let options: Options
    let environment: [String: String]
    let logger: Logger
    /// Told about the run now and then.
    let note: @Sendable (String) -> Void
    /// Whether somebody wants the run to end before its time.
    let isStopped: @Sendable () -> Bool

    /// - Parameter environment: settings as a worker of this fleet gets them.
    public init(
        _ options: Options, environment: [String: String], logger: Logger,
        isStopped: @escaping @Sendable () -> Bool = { false }, note: @escaping @Sendable (String) -> Void
    ) {
        self.isStopped = isStopped
        self.options = options
        self.environment = environment
        self.logger = logger
        self.note = note
    }

    /// Runs to the end; once it is stopped, the faults end and the jobs so far are judged.
    ///
    /// - Throws: ``TortureError`` or what a server says that does not take part.
    public func run() async throws -> Report {
        let ground = try await ProvingGround.prepare(options, environment, logger: logger)
        let result: Result<Report, any Error>
        do {
            result = .success(try await run(on: ground))
        } catch {
            result = .failure(error)
        }
        await ground.pool.stop()
        do {
            try await ground.remove(keepingLogs: (try? result.get().isClean) != true)
        } catch {
            note("what this run leaves behind in \(ground.names.namespace) could not be removed: \(error)")
        }
        if (try? result.get().isClean) != true { note("the workers' logs are in \(ground.folder)") }
        return try result.get()
    }

    private func run(on ground: ProvingGround) async throws -> Report {
        let fleet = ground.fleet
        let traffic = Traffic(
            catalog: fleet.catalog, queue: fleet.queue, ledger: ground.ledger, names: ground.names, place: .export,
            jobsPerSecond: options.jobsPerSecond)
        let unrun = UnrunJobs(catalog: fleet.catalog, queue: fleet.queue, recipes: fleet.recipes, logger: logger)
        let sweeper = Sweeper(redis: fleet.redisURL, settings: fleet.queueSettings, logger: logger) {
            envelope, state, failure in
            // Unstructured, because the sweeper's thread must not wait; each writes one row and ends.
            Task { await unrun.ended(envelope, state, failure) }
        }
        let reconciler = Reconciler(
            catalog: fleet.catalog, queue: fleet.queue, recipes: fleet.recipes, age: fleet.tuning.reconcileAge,
            logger: logger)
        let subscriber = RedisSubscriber(fleet.redisURL, name: "flotilla-torture")
        sweeper.start()
        defer { sweeper.stop() }
        for index in 0..<options.workers { try ground.pool.start(index) }
        // Unstructured, because each is to end at its own time; all are cancelled and awaited below.
        let watching = Task { await ground.watch.run() }
        let loops = [
            Task { await reconciler.run(every: fleet.tuning.reconcileInterval) },  // as above
            Task { await traffic.listen(subscriber) },  // as above
            Task { await traffic.follow() },  // as above
        ]
        let result: Result<Report, any Error>
        do {
            result = .success(try await judge(traffic, ground))
        } catch {
            result = .failure(error)
        }
        watching.cancel()
        for loop in loops { loop.cancel() }
        subscriber.close()
        for loop in loops { await loop.value }
        let sightings = await watching.value
        var report = try result.get()
        report.falseRescues = sightings.falseRescues
        report.longestStallMs = sightings.longestStall.inSeconds * 1_000
        return report
    }

    private func judge(_ traffic: Traffic, _ ground: ProvingGround) async throws -> Report {
        let began = ContinuousClock.now
        let faults = try await disturb(traffic, ground)
        let seconds = (ContinuousClock.now - began).inSeconds
        note("the faults are over; waiting for \(ground.ledger.unendedCount) jobs")
        let settling = ContinuousClock.now
        let leftovers = try await settle(ground)
        let (rescues, cancels) = ground.ledger.samples()
        var report = Report(
            namespace: ground.names.namespace, seed: options.seed, seconds: seconds, workers: options.workers,
            slots: options.slots, faults: Dictionary(uniqueKeysWithValues: faults.map { ($0.key.rawValue, $0.value) }),
            rescue: .init(rescues), cancel: .init(cancels))
        report.settleSeconds = (ContinuousClock.now - settling).inSeconds
        report.leftovers = leftovers
        let recorded = try await traffic.read(Array(0..<ground.ledger.count))
        let entries = ground.ledger.entries()
        report.count(entries, recorded: recorded, names: ground.names)
        let done = entries.enumerated().filter { $1.end?.state == .done && $1.plan.leavesAnEffect }
        note("looking at the effects of \(done.count) jobs")
        let check = EffectCheck(catalog: ground.fleet.catalog, store: ground.fleet.store, names: ground.names)
        let findings = try await check.look(at: done.map { ($0.offset, $0.element.plan) })
        report.rightEffects = findings.right
        report.wrongEffects = findings.wrong
        report.abandonedObjects = findings.objects - done.count { $0.element.plan.isStored }
        report.impossibleFaults = Dictionary(
            uniqueKeysWithValues: ground.tools.missing.map { ($0.key.rawValue, $0.value) })
        report.crashes = ground.pool.crashes
        report.uncleanStops = ground.pool.uncleanStops
        return report
    }

    /// Jobs and faults, until the time is up or somebody stops the run.
    private func disturb(_ traffic: Traffic, _ ground: ProvingGround) async throws -> [Fault.Kind: Int] {
        let schedule = FaultSchedule(
            seed: options.seed, length: options.length, workers: options.workers,
            clocks: ground.tools.clocks(of: options.workers), lease: ground.fleet.tuning.lease,
            kinds: ground.tools.kinds, perSecond: options.faultsPerSecond)
        let maker = FaultMaker(
            pool: ground.pool, watch: ground.watch, ledger: ground.ledger, client: ground.client,
            namespace: ground.names.namespace, servers: options.servers, environment: environment,
            lease: ground.fleet.tuning.lease, heartbeat: ground.fleet.tuning.heartbeat, tools: ground.tools)
        let goesOn = Atomic(true)
        let isBroken = Atomic(false)
        // Unstructured, because it is to end at its own time; cancelled and awaited below.
        let making = Task {
            do { return try await maker.run(schedule) } catch {
                isBroken.store(true, ordering: .relaxed)
                throw error
            }
        }
        async let produced: Void = traffic.produce(options.seed) { goesOn.load(ordering: .relaxed) }
        let deadline = ContinuousClock.now + options.length
        var nextNote = ContinuousClock.now + .seconds(15)
        while ContinuousClock.now < deadline, !isStopped(), !isBroken.load(ordering: .relaxed) {
            await pause(.milliseconds(250))
            try ground.pool.restartFallen()
            if ContinuousClock.now > nextNote {
                nextNote += .seconds(15)
                let left = Int((deadline - .now).inSeconds)
                note("\(ground.ledger.count) jobs, \(ground.ledger.unendedCount) not over; \(left) s to go")
            }
        }
        goesOn.store(false, ordering: .relaxed)
        making.cancel()
        let faults = try await making.value
        await produced
        return faults
    }

    /// Waits until every job is over and the queue is empty.
    ///
    /// - Returns: what is left in the queue all the same.
    private func settle(_ ground: ProvingGround) async throws -> [String] {
        let deadline = ContinuousClock.now + options.patience
        while true {
            try ground.pool.restartFallen()
            let isLate = ContinuousClock.now > deadline
            if ground.ledger.unendedCount == 0 || isLate {
                let leftovers = try await ground.watch.leftovers()
                if leftovers.isEmpty || isLate { return leftovers }
            }
            await pause(.milliseconds(200))
        }
    }
}
