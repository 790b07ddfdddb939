internal import Foundation
internal import Logging
internal import Model
internal import Redis

/// The claiming thread's own things, which go with the claiming from thread to thread.
// Sound: only the thread that claims touches them, and it lets go of them before another one is given them.
final class ClaimSeat: @unchecked Sendable {
    var connection: RedisConnection?
    var peek = PeekLane()
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

    /// Claims and settles on the calling thread, until this consumer has left or another thread goes on with it.
    ///
    /// - Returns: true in the latter case.
    func claimLoop(_ seat: ClaimSeat, _ relief: ClaimRelief?) -> Bool {
        while true {
            do {
                switch nextStep(isConnected: seat.connection != nil, pauseUntil: seat.pauseUntil, &seat.peek) {
                case .begin:
                    let keepsOne = relief?.isReady ?? false
                    var begun = beginArrival(keepsOne: keepsOne)
                    if let unchecked = begun.unchecked, seat.connection != nil {
                        begun = try begin(unchecked, keepsOne: keepsOne, &seat.connection!)  // there is one
                    }
                    if let job = begun.kept, let relief,
                        relief.run(job, meanwhile: { [self] in claimLoop(seat, relief) })
                    {
                        return true
                    }
                case .connect:
                    drop(&seat.peek)
                    seat.connection = try connect("claim")
                    state.update { state in
                        state.reconcileAt = .now
                        state.fence = .unknown
                    }
                case .register:
                    drop(&seat.peek)
                    try register(&seat.connection!)  // only asked for while there is a connection
                case .checkFence: try checkFence(&seat.connection!)  // as above
                case .raiseFence(let server, let floor):
                    try raiseFence(on: server, to: floor, &seat.connection!)  // as above
                case .newIdentity:
                    drop(&seat.peek)
                    takeNewIdentity()
                case .reconcile: try reconcile(&seat.connection!)  // as above
                case .withdraw:
                    withdraw(&seat.peek, &seat.connection!)  // as above
                    try reconcile(&seat.connection!)  // as above
                case .exchange(let want):
                    try exchange(&seat.connection!, batch: &seat.batch, want: want)  // as above
                case .leave:
                    try deregister(&seat.connection!)  // as above
                    state.update { $0.hasLeft = true }
                    return false
                case .quit: return false
                }
            } catch let error as RedisError {
                failed(error, seat)
            } catch {
                logger.error("Claiming failed", metadata: ["reason": "\(error)"])
                seat.pauseUntil = .now + .milliseconds(250)
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

    private func failed(_ error: RedisError, _ seat: ClaimSeat) {
        if error.breaksConnection || error.passes || error.code == .wrongPassword {
            seat.connection = nil
        } else if error.code == .noScript {
            seat.connection?.forgetScripts()
            return
        }
        seat.pauseUntil = .now + .milliseconds(error.breaksConnection ? 50 : 200)
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
