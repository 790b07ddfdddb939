internal import CrashPoints
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
            var unchecked: Admission?
            let replies = try connection.pipeline(commands) { unchecked = beginArrival().unchecked }
            keep(reports, unsent: replies)
            if let unchecked { _ = try begin(unchecked, keepsOne: false, &connection) }
            try settleAndClaim(try replies[replies.count - 1].get(), plain + others, want)
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

    /// - Parameter sent: what was settled with it; nil: nothing could be, and other settlements may be on their way.
    func settleAndClaim(_ reply: RedisValue, _ sent: [Settlement]?, _ want: Int) throws(RedisError) {
        guard let parts = reply.array, parts.count >= 2, let status = parts[0].string else {
            throw RedisError(.badReply, "exchange answered with something else")
        }
        clock.set(serverMs: parts[1].int ?? 0)
        guard status == "ok", parts.count == 10 else {
            return state.update { state in
                if status == "fenced" { state.isFenced = true } else { state.needsRegistration = true }
            }
        }
        let lost = parts[7].array?.count ?? 0
        let raws = parts[8].array?.compactMap(\.bytes) ?? []
        state.update { state in
            if let sent {
                state.inFlight = []
                state.settled += sent.count - lost
                state.fencedCount += lost
            }
            state.isConnected = true
            if want > 0 { note(&state, parts, found: raws.count, want: want) }
            guard !raws.isEmpty else { return }
            CrashPoint.begin()
            state.claimed += raws.count
            state.arrival = ConsumerState.Arrival(
                number: UInt64(state.claimed), raws: raws, firstFence: parts[5].int ?? 0, at: clock.now,
                needsCheck: parts[3].int == 1)
        }
        if lost > 0 { logger.warning("Settlements came too late", metadata: ["jobs": "\(lost)"]) }
    }

    /// Whether to ask again at once, to wait for the queue, or to look again at a certain time.
    private func note(_ state: inout ConsumerState, _ parts: [RedisValue], found: Int, want: Int) {
        state.isPaused = parts[2].int == 1
        let leaseRuns = parts[4].int == 1
        state.mayHaveWork = found == want
        state.isSorted = parts[9].int == 1
        state.recheckAt = nil
        if state.isPaused || !leaseRuns {
            state.recheckAt = .now + .milliseconds(leaseRuns ? 250 : 50)
        } else if let due = parts[6].int, due >= 0 {
            state.recheckAt = .now + .milliseconds(max(1, due - (parts[1].int ?? due) + 1))
        }
        // Others may sort new jobs away before this worker sees them in the list, or end what holds the next one back.
        if state.isSorted, found < want {
            state.recheckAt = [state.recheckAt, .now + .milliseconds(50)].compactMap { $0 }.min()
        }
    }
}
