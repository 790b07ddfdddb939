internal import Foundation
internal import Logging
internal import Model
internal import Redis

extension Consumer {
    /// One round trip: progress messages, then settlements and new claims in one script.
    func exchange(_ connection: inout RedisConnection, batch: inout Int64, want: Int) throws(RedisError) {
        let (worker, reports, sent) = state.withLock { state in
            if state.inFlight.isEmpty && !state.pending.isEmpty {
                state.inFlight = Array(state.pending.prefix(200))
                state.pending.removeFirst(state.inFlight.count)
                batch += 1
            }
            tellStarts(&state)
            let reports = Array(state.reports.prefix(200))
            state.reports.removeFirst(reports.count)
            return (state.worker, reports, state.inFlight)
        }
        var commands = CommandBuffer()
        do throws(RedisError) {
            let progress = reports.isEmpty ? [] : try connection.digest(of: QueueScripts.progress)
            for report in reports { progressCall(report).append(to: &commands, digest: progress) }
            let exchange = try connection.digest(of: QueueScripts.exchange)
            let (plain, others) = (sent.filter(\.isPlainAcknowledgement), sent.filter { !$0.isPlainAcknowledgement })
            let call = ScriptCall.exchange(
                worker, batch: batch, want: want, plain: plain, others: others, keys: keys, settings: settings,
                at: clock.now)
            call.append(to: &commands, digest: exchange)
            let replies = try connection.pipeline(commands)
            keep(reports, unsent: replies)
            try settleAndClaim(try replies[replies.count - 1].get(), plain + others, worker, want, &connection)
        } catch {
            if error.breaksConnection { state.withLock { $0.reports.insert(contentsOf: reports, at: 0) } }
            throw error
        }
    }

    /// Messages the server had no script for are sent again; others it refused are of no use.
    private func keep(_ reports: [ConsumerState.Report], unsent replies: [RedisValue]) {
        var again: [ConsumerState.Report] = []
        for (report, reply) in zip(reports, replies) {
            guard case .error(let error) = reply else { continue }
            if error.code == .noScript {
                again.append(report)
            } else {
                logger.debug("Progress message refused", metadata: ["reason": "\(error)"])
            }
        }
        if !again.isEmpty { state.withLock { $0.reports.insert(contentsOf: again, at: 0) } }
    }

    private func progressCall(_ report: ConsumerState.Report) -> ScriptCall {
        let job = report.claim.envelope.id.rawValue
        return report.record.call(keys: keys, settings: settings, fence: (job, report.claim.fence))
    }

    private func settleAndClaim(
        _ reply: RedisValue, _ sent: [Settlement], _ worker: WorkerID, _ want: Int,
        _ connection: inout RedisConnection
    ) throws(RedisError) {
        guard let parts = reply.array, parts.count >= 2, let status = parts[0].string else {
            throw RedisError(.badReply, "exchange answered with something else")
        }
        clock.set(serverMs: parts[1].int ?? 0)
        guard status == "ok", parts.count == 9 else {
            return state.update { state in
                if status == "fenced" { state.isFenced = true } else { state.needsRegistration = true }
            }
        }
        let lost = parts[7].array?.count ?? 0
        let raws = parts[8].array?.compactMap(\.bytes) ?? []
        state.update { state in
            state.inFlight = []
            state.isConnected = true
            state.settled += sent.count - lost
            state.fencedCount += lost
            if want > 0 { note(&state, parts, found: raws.count, want: want) }
        }
        if lost > 0 { logger.warning("Settlements came too late", metadata: ["jobs": "\(lost)"]) }
        if !raws.isEmpty {
            let hasCancellations = parts[3].int == 1
            try take(raws, firstFence: parts[5].int ?? 0, worker, hasCancellations, &connection)
        }
    }

    /// Whether to ask again at once, to wait for the queue, or to look again at a certain time.
    private func note(_ state: inout ConsumerState, _ parts: [RedisValue], found: Int, want: Int) {
        state.isPaused = parts[2].int == 1
        let leaseRuns = parts[4].int == 1
        state.mayHaveWork = found == want
        state.recheckAt = nil
        if state.isPaused || !leaseRuns {
            state.recheckAt = .now + .milliseconds(leaseRuns ? 250 : 50)
        } else if let due = parts[6].int, due >= 0 {
            state.recheckAt = .now + .milliseconds(max(1, due - (parts[1].int ?? due) + 1))
        }
    }

    /// Reads what was claimed and hands it to the runtime; what cannot run here is settled instead.
    private func take(
        _ raws: [[UInt8]], firstFence: Int64, _ worker: WorkerID, _ hasCancellations: Bool,
        _ connection: inout RedisConnection
    ) throws(RedisError) {
        let now = clock.now
        var admission = Admission(keys: keys, settings: settings, queue: queue, worker: worker)
        for (index, raw) in raws.enumerated() {
            admission.read(raw, fence: firstFence + Int64(index), at: now, knows: knows, maker: maker)
        }
        if admission.needsCheck || hasCancellations {
            let call = admission.call()
            admission.apply(
                try connection.run(QueueScripts.admit, keys: call.keys, call.arguments), at: now, maker: maker)
        }
        let claims = state.update { state in
            state.pending += admission.settlements
            state.claimed += raws.count
            return admission.candidates.map { candidate in
                let claim = candidate.claim(ticket: state.nextTicket, queue: queue, worker: worker, at: now)
                state.nextTicket += 1
                state.held[claim.ticket] = ConsumerState.Held(claim: claim)
                if settings.recordsSingleJobs, claim.envelope.batch == nil { state.untold.append(claim.ticket) }
                return claim
            }
        }
        for end in admission.ended { callbacks.endedUnrun(end.envelope, end.state, end.failure) }
        for claim in claims { callbacks.perform(claim) }
    }
}
