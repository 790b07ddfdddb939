internal import Foundation
internal import Model
internal import Redis

/// From claimed bytes to running jobs.
extension Consumer {
    /// Reads what has arrived, and begins it if that needs nothing from Redis.
    ///
    /// - Returns: what Redis has to be asked about first.
    func beginArrival() -> Admission? {
        let (arrival, worker) = state.withLock { ($0.arrival, $0.worker) }
        guard let arrival else { return nil }
        var admission = Admission(keys: keys, settings: settings, queue: queue, worker: worker, arrival: arrival.number)
        for (index, raw) in arrival.raws.enumerated() {
            admission.read(raw, fence: arrival.firstFence + Int64(index), at: arrival.at, knows: knows, maker: maker)
        }
        guard !arrival.needsCheck, !admission.needsCheck else {
            state.withLock { $0.arrival?.needsCheck = true }
            return admission
        }
        begin(admission)
        return nil
    }

    /// Asks Redis about unique keys and cancellations, then begins what may run.
    func begin(_ admission: Admission, _ connection: inout RedisConnection) throws(RedisError) {
        var admission = admission
        let call = admission.call(maker, at: clock.now)
        let reply = try connection.run(QueueScripts.admit, keys: call.keys, call.arguments)
        admission.apply(reply, at: clock.now, maker: maker)
        begin(admission)
    }

    /// Ends the jobs that need no slot, and has the others performed.
    private func begin(_ admission: Admission) {
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
        guard let cancelled else { return }
        for end in admission.ended { callbacks.endedUnrun(end.envelope, end.state, end.failure) }
        for claim in claims { callbacks.perform(claim, self) }
        for id in cancelled { cancelRunning(id) }
    }
}
