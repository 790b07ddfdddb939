internal import Foundation
internal import Logging
internal import Model
internal import Redis

/// The claiming thread's own things.
struct ClaimLane: ~Copyable {
    var connection: RedisConnection?
    /// Number of the settlements in flight.
    var batch: Int64 = 0
    /// After an error that a new connection does not mend.
    var pauseUntil: ContinuousClock.Instant?
}

extension Consumer {
    /// By how much an answer to `BLMOVE` may come early or late.
    private static let slack = Duration.milliseconds(250)

    /// What the claiming thread does next.
    private enum Step {
        case begin, connect, register, checkFence, newIdentity, reconcile, withdraw
        case raiseFence(server: String, floor: Int64)
        case exchange(want: Int)
        case leave, quit
    }

    func claimLoop() {
        var lane = ClaimLane()
        var peek = PeekLane()
        while true {
            do {
                switch nextStep(isConnected: lane.connection != nil, pauseUntil: lane.pauseUntil, &peek) {
                case .begin:
                    if let unchecked = beginArrival(), lane.connection != nil {
                        try begin(unchecked, &lane.connection!)  // there is one
                    }
                case .connect:
                    drop(&peek)
                    lane.connection = try connect("claim")
                    state.update { state in
                        state.reconcileAt = .now
                        state.fence = .unknown
                    }
                case .register:
                    drop(&peek)
                    try register(&lane.connection!)  // only asked for while there is a connection
                case .checkFence: try checkFence(&lane.connection!)  // as above
                case .raiseFence(let server, let floor):
                    try raiseFence(on: server, to: floor, &lane.connection!)  // as above
                case .newIdentity:
                    drop(&peek)
                    takeNewIdentity()
                case .reconcile: try reconcile(&lane.connection!)  // as above
                case .withdraw:
                    withdraw(&peek, &lane.connection!)  // as above
                    try reconcile(&lane.connection!)  // as above
                case .exchange(let want):
                    try exchange(&lane.connection!, batch: &lane.batch, want: want)  // as above
                case .leave:
                    try deregister(&lane.connection!)  // as above
                    return state.update { $0.hasLeft = true }
                case .quit: return
                }
            } catch let error as RedisError {
                failed(error, &lane)
            } catch {
                logger.error("Claiming failed", metadata: ["reason": "\(error)"])
                lane.pauseUntil = .now + .milliseconds(250)
            }
        }
    }

    /// Waits until there is something to do.
    private func nextStep(
        isConnected: Bool, pauseUntil: ContinuousClock.Instant?, _ peek: inout PeekLane
    ) -> Step {
        state.wait(napping: { nap(&peek, bell: $0, until: $1) }) { state in
            let now = ContinuousClock.now
            if self.stopped.withLock({ $0 }) { return (.quit, now) }
            let canTalk = isConnected && pauseUntil.map { $0 <= now } ?? true
            if let arrival = state.arrival, arrival.needsCheck ? canTalk : !(canTalk && state.canClaim) {
                return (.begin, now)
            }
            if let pauseUntil, now < pauseUntil { return (nil, pauseUntil) }
            if state.isFenced { return (.newIdentity, now) }
            if !isConnected { return (.connect, now) }
            if state.needsRegistration { return (.register, now) }
            // What was sent before the connection broke is settled before the lists are compared.
            if !state.inFlight.isEmpty { return (.exchange(want: 0), now) }
            if state.question != nil, !state.isOpen { return (.withdraw, now) }
            if state.isStopping && state.isIdle { return (.leave, now) }
            switch state.fence {
            case .unknown: return (.checkFence, now)
            case .raise(let server, let floor): return (.raiseFence(server: server, floor: floor), now)
            case .asked, .sound: break
            }
            if now >= state.reconcileAt {
                guard let question = state.question else { return (.reconcile, now) }
                // As a rule it ends about now by itself.
                let early = question.until - now
                if early > Self.slack || early < .zero - Self.slack { return (.withdraw, now) }
            }
            if let recheck = state.recheckAt, now >= recheck {
                state.mayHaveWork = true
                state.recheckAt = nil
            }
            let nextReport = state.collectReports(at: now)
            let want = state.mayHaveWork && state.isFenceSound ? min(state.claimable, Self.maxClaims) : 0
            if want > 0 || !state.pending.isEmpty || state.hasNews { return (.exchange(want: want), now) }
            let reconcileAt = max(state.reconcileAt, state.question.map { $0.until + Self.slack } ?? state.reconcileAt)
            let until = [reconcileAt, state.recheckAt, nextReport].compactMap { $0 }.min() ?? now
            return (nil, until)
        }
    }

    private func failed(_ error: RedisError, _ lane: inout ClaimLane) {
        if error.breaksConnection || error.passes || error.code == .wrongPassword {
            lane.connection = nil
        } else if error.code == .noScript {
            lane.connection?.forgetScripts()
            return
        }
        lane.pauseUntil = .now + .milliseconds(error.breaksConnection ? 50 : 200)
        let wasConnected = state.update { state in
            defer { state.isConnected = false }
            return state.isConnected
        }
        let level: Logger.Level = wasConnected ? .warning : .debug
        logger.log(level: level, "Redis does not take part; trying again", metadata: ["reason": "\(error)"])
    }

    private func register(_ connection: inout RedisConnection) throws {
        let (worker, raws) = state.withLock { ($0.worker, $0.raws) }
        let fields = registryFields()
        let host = HostIdentity.current
        let reply = try connection.run(
            QueueScripts.register,
            keys: [
                .text(keys.workers), .text(keys.worker(worker)), .text(keys.tombstone(worker)),
                .text(keys.running(worker)), .text(keys.host(host?.host ?? "unknown")),
            ],
            [
                .text(worker.rawValue), .int(settings.lease.milliseconds), .int(settings.lease.milliseconds * 6),
                .text(host?.entry ?? ""), .int(fields.count),
            ] + fields + raws.map { .bytes($0) })
        guard let parts = reply.array, parts.count == 3 else { throw JobQueueError.unexpectedReply("register") }
        clock.set(serverMs: parts[1].int ?? 0)
        let isFenced = parts[0].string == "fenced"
        let isFirst = state.update { state in
            let isFirst = state.lastRenewal == nil
            state.needsRegistration = false
            state.fence = .unknown  // whoever emptied the registry may have emptied the count as well
            state.isFenced = isFenced
            state.lastRenewal = .now
            state.isSelfFenced = false
            state.mayHaveWork = true
            return isFirst
        }
        if isFirst, !isFenced {
            _ = try connection.run(
                QueueScripts.unpark, keys: [.text(keys.parked(queue)), .text(keys.waiting(queue))], [10_000])
        }
        logger.info("Worker registered", metadata: ["worker": "\(worker)", "restored": "\(parts[2].int ?? 0)"])
    }

    func registryFields() -> [RedisArgument] {
        let (slots, running, isDraining) = state.withLock { ($0.slots, $0.running, $0.isDraining) }
        return [
            "queue", .text(queue.rawValue), "host", .text(ProcessInfo.processInfo.hostName),
            "pid", .int(Int64(ProcessInfo.processInfo.processIdentifier)), "slots", .int(slots),
            "running", .int(running), "rss", .int(HostIdentity.residentBytes()), "version", .text(version),
            "started", .int(Int64(startedAt.timeIntervalSince1970 * 1000)), "draining", isDraining ? "1" : "0",
        ]
    }

    /// This worker was declared dead: what it held belongs to others now.
    private func takeNewIdentity() {
        let (claims, old) = state.update { state in
            let old = state.worker
            let unbegun = state.arrival?.raws.count ?? 0
            let claims = state.abandonHeld()
            state.arrival = nil
            state.fencedCount += claims.count + unbegun + state.pending.count + state.inFlight.count
            state.pending = []
            state.inFlight = []
            state.reports = []
            state.worker = WorkerID(fresh: queue)
            state.needsRegistration = true
            state.isFenced = false
            return (claims, old)
        }
        logger.error(
            "Declared dead; its jobs went to others", metadata: ["worker": "\(old)", "jobs": "\(claims.count)"])
        if !claims.isEmpty { callbacks.abandon(claims) }
    }

    /// Compares the run list with memory: a lost answer leaves jobs in the list nobody runs, a fallen-back server
    /// forgets jobs that are being run. Also finds cancellations whose order was missed.
    private func reconcile(_ connection: inout RedisConnection) throws {
        let worker = state.withLock { $0.worker }
        let present = try connection.send("LRANGE", .text(keys.running(worker)), 0, -1).array?.compactMap(\.bytes) ?? []
        let unknown = state.update { state in
            state.reconcileAt = .now + settings.heartbeat
            state.isConnected = true
            state.mayHaveWork = true
            var mine: [[UInt8]: Int] = [:]
            for raw in state.raws { mine[raw, default: 0] += 1 }
            var unknown: [[UInt8]] = []
            for raw in present {
                if let count = mine[raw], count > 0 { mine[raw] = count - 1 } else { unknown.append(raw) }
            }
            if mine.values.contains(where: { $0 > 0 }) { state.needsRegistration = true }
            state.pending += unknown.map { Settlement(verb: .front, raw: $0, value: $0) }
            return unknown.count
        }
        if unknown > 0 { logger.warning("Jobs of a lost answer go back", metadata: ["jobs": "\(unknown)"]) }
        try findCancelled(&connection)
    }

    private func findCancelled(_ connection: inout RedisConnection) throws {
        let ids = state.withLock { state in Set(state.held.values.map(\.claim.envelope.id.rawValue)) }
        guard !ids.isEmpty else { return }
        let names = Array(ids)
        let scores = try connection.send(["ZMSCORE", .text(keys.cancelled)] + names.map { .text($0) }).array ?? []
        for (name, score) in zip(names, scores) where !score.isNull { cancelRunning(name) }
    }

    /// Tells the runtime once for each claim of this job.
    func cancelRunning(_ id: String) {
        let claims = state.withLock { state in
            if state.arrival != nil { state.cancelledOnArrival.insert(id) }
            return state.held.compactMap { ticket, held -> Claim? in
                guard held.claim.envelope.id.rawValue == id, !held.cancelSent else { return nil }
                state.held[ticket]?.cancelSent = true
                return held.claim
            }
        }
        for claim in claims { callbacks.cancel(claim) }
    }

    private func deregister(_ connection: inout RedisConnection) throws {
        let worker = state.withLock { $0.worker }
        _ = try connection.run(
            QueueScripts.deregister,
            keys: [
                .text(keys.workers), .text(keys.worker(worker)), .text(keys.running(worker)),
                .text(keys.host(HostIdentity.current?.host ?? "unknown")),
            ], [.text(worker.rawValue)])
    }
}
