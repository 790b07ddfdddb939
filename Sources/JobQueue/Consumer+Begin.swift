internal import Foundation
internal import Model
internal import Redis

/// What has become of an arrival.
struct Begun {
    /// Redis has to be asked about it first.
    var unchecked: Admission?
    /// A job that has not begun: the claiming thread has to run it.
    var kept: (@Sendable () -> Void)?
}

/// From claimed bytes to running jobs.
extension Consumer {
    /// Reads what has arrived, and begins it if that needs nothing from Redis.
    func beginArrival(keepsOne: Bool = false) -> Begun {
        let (arrival, worker) = state.withLock { ($0.arrival, $0.worker) }
        guard let arrival else { return Begun() }
        var admission = Admission(keys: keys, settings: settings, queue: queue, worker: worker, arrival: arrival.number)
        for (index, raw) in arrival.raws.enumerated() {
            admission.read(raw, fence: arrival.firstFence + Int64(index), at: arrival.at, knows: knows, maker: maker)
        }
        guard !arrival.needsCheck, !admission.needsCheck else {
            state.withLock { $0.arrival?.needsCheck = true }
            return Begun(unchecked: admission)
        }
        return begin(admission, keepsOne)
    }

    /// Asks Redis about unique keys and cancellations, then begins what may run.
    func begin(
        _ admission: Admission, keepsOne: Bool, _ connection: inout RedisConnection
    ) throws(RedisError) -> Begun {
        var admission = admission
        let call = admission.call(maker, at: clock.now)
        let reply = try connection.run(QueueScripts.admit, keys: call.keys, call.arguments)
        admission.apply(reply, at: clock.now, maker: maker)
        return begin(admission, keepsOne)
    }

    /// Ends the jobs that need no slot, and has the others performed.
    private func begin(_ admission: Admission, _ keepsOne: Bool) -> Begun {
        var ticket = state.withLock { $0.nextTicket }
        var settlements = admission.settlements
        var claims: [Claim] = []
        for candidate in admission.candidates {
            let claim = candidate.claim(ticket: ticket, queue: queue, worker: admission.worker, at: clock.now)
            ticket += 1
            if let outcome = callbacks.immediate(claim) {
                settlements.append(makeSettlement(claim, outcome, []))
            } else {
                claims.append(claim)
            }
        }
        let isAllImmediate = claims.isEmpty
        let cancelled = state.update { state -> Set<String>? in
            // Else another thread has given them up meanwhile.
            guard state.arrival?.number == admission.arrival, state.worker == admission.worker else { return nil }
            state.arrival = nil
            state.nextTicket = ticket
            state.pending += settlements
            // What was claimed ahead and has no slot goes back, and so does what came after the last claim was called off;
            // the newest first, also before those of the arrival before this one, so that in the end the oldest is at the
            // front.
            let surplus = claims.dropFirst(state.isOpen ? max(0, state.slots - state.held.count) : 0)
            state.pending.insert(contentsOf: surplus.reversed().map { makeSettlement($0, .release, []) }, at: 0)
            claims.removeLast(surplus.count)
            state.noteImmediate(isAllImmediate, limits: settings.limits)
            for claim in claims {
                state.held[claim.ticket] = ConsumerState.Held(claim: claim)
                if settings.recordsSingleJobs, claim.envelope.batch == nil { state.untold.append(claim.ticket) }
            }
            defer { state.cancelledOnArrival = [] }
            return state.cancelledOnArrival
        }
        guard let cancelled else { return Begun() }
        for end in admission.ended { callbacks.endedUnrun(end.envelope, end.state, end.failure) }
        var kept: (@Sendable () -> Void)?
        if keepsOne, let prepare = callbacks.prepare, let first = claims.first {
            kept = prepare(first, self)
            claims.removeFirst()
        }
        for claim in claims { callbacks.perform(claim, self) }
        for id in cancelled { cancelRunning(id) }
        return Begun(kept: kept)
    }
}
