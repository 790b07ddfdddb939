internal import CrashPoints
internal import Foundation
public import Logging
public import Model
public import Redis

/// Keeps the queues healthy without running jobs (the API has one; every ``Consumer`` has its own): rescues the jobs
/// of lost workers, moves due delayed jobs, sorts queues by priority and tenant, keeps the demand keys, offers parked jobs
/// again.
///
/// However many there are, each duty is done once an interval.
public final class Sweeper: Sendable {
    private let redis: RedisURL
    private let settings: QueueSettings
    private let keys: Keys
    private let logger: Logger
    private let endedUnrun: @Sendable (JobEnvelope, JobState, JobFailure) -> Void
    private let sorted: QueueName?
    private let id = UUID().uuidString
    private let stopped = Monitor(false)
    static let sortTurn = Duration.milliseconds(500)

    /// - Parameter sorted: the queue of this process's worker; only who works sorts.
    public init(
        redis: RedisURL, settings: QueueSettings = QueueSettings(), sorting sorted: QueueName? = nil, logger: Logger,
        endedUnrun: @escaping @Sendable (JobEnvelope, JobState, JobFailure) -> Void = { _, _, _ in }
    ) {
        self.redis = redis
        self.settings = settings
        self.logger = logger
        self.sorted = sorted
        self.endedUnrun = endedUnrun
        keys = Keys(namespace: settings.namespace)
    }

    public func start() {
        Thread.start(named: "queue-sweep") { [self] in loop() }
    }

    /// Returns at once; the thread ends after what it is doing.
    public func stop() { stopped.update { $0 = true } }

    private func loop() {
        CrashPoint.leaveOutThisThread()
        var connection: RedisConnection?
        var duties = Duties(settings, sorts: sorted != nil)
        while !stopped.waitUntilSet(atMost: duties.untilNext()) {
            do {
                if connection == nil {
                    let timeouts = RedisTimeouts(connect: settings.commandTimeout, command: settings.commandTimeout)
                    connection = try RedisConnection.open(
                        redis, name: "\(settings.namespace)-sweeper", timeouts: timeouts)
                }
                let due = duties.take()
                try perform(due, &connection!)  // opened above when it was nil
                guard due.contains(.sort), let pause = try sort(&connection!) else { continue }  // as above
                duties.again(.sort, in: pause)
            } catch {
                connection = nil
                logger.debug("Sweep failed; trying again", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func perform(_ due: Set<Duties.Duty>, _ connection: inout RedisConnection) throws {
        if due.contains(.siblings) { try checkSiblings(&connection) }
        if due.contains(.leases) { try sweepLeases(&connection) }
        if due.contains(.upkeep) { try keepUp(&connection) }
        if due.contains(.parked) { try offerParked(&connection) }
    }

    /// Workers whose process on this very host has ended need not wait for their lease.
    private func checkSiblings(_ connection: inout RedisConnection) throws {
        guard let host = HostIdentity.current?.host else { return }
        let entries = try connection.send("HGETALL", .text(keys.host(host))).pairs
        for (name, entry) in entries {
            guard let text = entry.string, HostIdentity.isDead(entry: text), let worker = WorkerID(name) else {
                continue
            }
            logger.warning("Worker process ended; its jobs go back", metadata: ["worker": "\(name)"])
            try rescue(worker, isCertain: true, &connection)
            try connection.send("HDEL", .text(keys.host(host)), .text(name))
        }
    }

    private func sweepLeases(_ connection: inout RedisConnection) throws {
        guard let turn = try turn("sweep", settings.sweepInterval, &connection) else { return }
        for worker in turn.expired {
            logger.warning("Worker lost; its jobs go back", metadata: ["worker": "\(worker)"])
            try rescue(worker, isCertain: false, &connection)
        }
    }

    private func keepUp(_ connection: inout RedisConnection) throws {
        guard let turn = try turn("upkeep", .milliseconds(500), &connection) else { return }
        for queue in QueueName.allCases {
            let lists = turn.all.filter { $0.queue == queue }.map { RedisArgument.text(keys.running($0)) }
            let own: [RedisArgument] = [
                .text(keys.waiting(queue)), .text(keys.delayed(queue)), .text(keys.demand(queue)),
                .text(keys.lanes(queue)),
            ]
            _ = try connection.run(QueueScripts.upkeep, keys: own + lists, [.int(settings.maxDemand)])
        }
        try lookAgain(&connection)
    }

    private func lookAgain(_ connection: inout RedisConnection) throws {
        let queues = QueueName.allCases.map { RedisArgument.text(keys.awaiting($0)) }
        _ = try connection.run(
            QueueScripts.lookAgain, keys: [.text(keys.awaiting)] + queues,
            [
                50, .int(settings.dependencyInterval.milliseconds), .int(settings.resultTTL.milliseconds),
                .int(settings.unfinishedTTL.milliseconds),
            ])
    }

    private func offerParked(_ connection: inout RedisConnection) throws {
        guard try turn("parked", settings.parkedInterval, &connection) != nil else { return }
        for queue in QueueName.allCases {
            _ = try connection.run(
                QueueScripts.unpark, keys: [.text(keys.parked(queue)), .text(keys.waiting(queue))], [1_000])
        }
    }

    /// - Returns: when to go on, while this process has the turn.
    private func sort(_ connection: inout RedisConnection) throws -> Duration? {
        guard let queue = sorted else { return nil }
        let left = try connection.run(
            QueueScripts.sort,
            keys: [
                .text(keys.turn("sort:\(queue.rawValue)")), .text(keys.waiting(queue)), .text(keys.lanes(queue)),
                .text(keys.paused),
            ],
            [
                .text(id), .int(Self.sortTurn.milliseconds), .text(queue.rawValue), 250, 500,
                .text("\(Double.random(in: 0...1))"),
            ])
        guard let count = left.int, count >= 0 else { return nil }
        return .milliseconds(count > 0 ? 4 : 50)
    }

    private func turn(
        _ duty: String, _ length: Duration, _ connection: inout RedisConnection
    ) throws -> (expired: [WorkerID], all: [WorkerID])? {
        let reply = try connection.run(
            QueueScripts.turn, keys: [.text(keys.turn(duty)), .text(keys.workers), .text(keys.cancelled)],
            [.int(max(1, length.milliseconds * 9 / 10)), 20])
        guard let parts = reply.array, parts.count == 2 else { return nil }
        func names(_ value: RedisValue) -> [WorkerID] {
            (value.array ?? []).compactMap { $0.string.flatMap { WorkerID($0) } }
        }
        return (names(parts[0]), names(parts[1]))
    }

    func rescue(_ worker: WorkerID, isCertain: Bool, _ connection: inout RedisConnection) throws {
        let rescue = Rescue(settings: settings, keys: keys, worker: worker, isCertain: isCertain)
        for _ in 0..<1_000 {
            let raws = try connection.send(rescue.read).array?.compactMap(\.bytes) ?? []
            let step = try rescue.step(raws)
            let reply = try connection.run(QueueScripts.rescue, keys: step.call.keys, step.call.arguments)
            guard let outcome = rescue.outcome(reply) else { return }
            for (index, end) in step.ended where !outcome.late.contains(index) {
                endedUnrun(end.0, .dead, end.1)
            }
            if outcome.left == 0 { return }
        }
    }
}

/// Which periodic duties are due.
private struct Duties {
    enum Duty: CaseIterable { case siblings, leases, upkeep, parked, sort }
    private var next: [Duty: ContinuousClock.Instant]
    private let intervals: [Duty: Duration]

    init(_ settings: QueueSettings, sorts: Bool) {
        var intervals: [Duty: Duration] = [
            .siblings: settings.siblingInterval, .leases: settings.sweepInterval, .upkeep: .milliseconds(500),
            .parked: settings.parkedInterval,
        ]
        if sorts { intervals[.sort] = Sweeper.sortTurn }
        self.intervals = intervals
        next = intervals.mapValues { _ in ContinuousClock.now }
    }

    func untilNext() -> Duration {
        max(.milliseconds(1), (next.values.min() ?? .now) - .now)
    }

    mutating func take() -> Set<Duty> {
        let now = ContinuousClock.now
        let due = Set(next.filter { $0.value <= now }.keys)
        for duty in due { next[duty] = now + (intervals[duty] ?? .seconds(1)) }
        return due
    }

    /// Sooner than usual.
    mutating func again(_ duty: Duty, in pause: Duration) { next[duty] = .now + pause }
}
