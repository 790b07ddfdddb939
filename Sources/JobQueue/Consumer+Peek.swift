internal import Glibc
internal import Model
internal import Redis

/// The claiming thread's second connection, on which it sleeps until the queue has something.
///
/// `BLMOVE` from the queue's end to the same end changes nothing, so that a lost answer loses nothing. The claim stands
/// right behind it in the same write: Redis runs it as soon as the list has something, and both answers come together
/// (decision 0001).
struct PeekLane: ~Copyable {
    static let block = Duration.seconds(2)

    var connection: RedisConnection?
    /// The run id of its server: claims are made only where the fence was seen to.
    var server = ""
    /// After an error: not before.
    var pauseUntil: ContinuousClock.Instant?
}

/// What stands at the server while the claiming thread sleeps.
struct Question {
    /// Jobs claimed as soon as the queue has some; 0: the answer only says that it has.
    var want: Int
    /// When Redis answers even if there is nothing.
    var until: ContinuousClock.Instant
}

extension Consumer {
    /// Sleeps until something happens: the queue has a job, another thread has news, or the time has come.
    func nap(_ lane: inout PeekLane, bell: Int32, until: ContinuousClock.Instant) {
        do throws(RedisError) {
            try ask(&lane)
            let (question, mayRead) = state.withLock { ($0.question, $0.arrival == nil) }
            guard let question, mayRead else { return doze(bell, until) }
            let pause = min(until - .now, PeekLane.block)
            // A question that is open means there is a connection.
            if let answer = try lane.connection?.receive(within: max(pause, .zero), orInputOn: bell) {
                try take(answer, to: question, &lane)
            } else if ContinuousClock.now > question.until + settings.commandTimeout {
                throw RedisError(.timeout, "no answer to BLMOVE within its time")
            }
        } catch {
            drop(&lane, pausing: .milliseconds(100))
        }
    }

    /// Forgets a question. What it claims nevertheless, the comparison of the lists gives back.
    func drop(_ lane: inout PeekLane, pausing: Duration = .zero) {
        lane.connection = nil
        if pausing > .zero { lane.pauseUntil = .now + pausing }
        state.withLock { $0.question = nil }
    }

    /// Ends a question before its time, and takes what it has claimed.
    func withdraw(_ lane: inout PeekLane, _ connection: inout RedisConnection) {
        guard let question = state.withLock({ $0.question }), question.want > 0, let id = lane.connection?.clientID
        else { return drop(&lane) }
        do throws(RedisError) {
            try connection.send("CLIENT", "UNBLOCK", .int(id))
            guard let answer = try lane.connection?.receive(within: settings.commandTimeout, orInputOn: -1) else {
                return drop(&lane)
            }
            try take(answer, to: question, &lane)
        } catch {
            drop(&lane)
        }
    }

    /// Puts the question if it is worth an answer and none is open.
    private func ask(_ lane: inout PeekLane) throws(RedisError) {
        if let pause = lane.pauseUntil, .now < pause { return }
        guard state.withLock({ $0.question == nil && $0.wantsPeek }) else { return }
        if lane.connection == nil {
            var connection = try connect("peek")
            lane.server = Self.runID(try connection.send("INFO", "server").string)
            lane.connection = consume connection
        }
        let now = ContinuousClock.now
        let (question, worker) = state.withLock { state in
            // The lists are compared while nothing is open.
            let block = min(PeekLane.block, state.reconcileAt - now)
            let claims = state.mayClaimByPeek(at: lane.server) && settings.limits == QueueLimits()
            let want = claims ? min(state.claimable, Self.maxClaims) : 0
            return (block < .milliseconds(1) ? nil : Question(want: want, until: now + block), state.worker)
        }
        guard let question else { return }
        let waiting = RedisArgument.text(keys.waiting(queue))
        let block = RedisArgument.text("\((question.until - now) / .seconds(1))")
        var commands = CommandBuffer(["BLMOVE", waiting, waiting, "RIGHT", "RIGHT", block])
        if question.want > 0, let digest = try lane.connection?.digest(of: QueueScripts.claim) {
            claimCall(worker, want: question.want).append(to: &commands, digest: digest)
        }
        try lane.connection?.post(commands)
        state.withLock { $0.question = question }
    }

    private func take(_ answer: RedisValue, to question: Question, _ lane: inout PeekLane) throws(RedisError) {
        if case .error(let error) = answer { throw error }
        defer { state.withLock { $0.question = nil } }
        guard question.want > 0 else {
            if !answer.isNull { state.withLock { $0.mayHaveWork = true } }
            return
        }
        guard let claimed = try lane.connection?.receive(within: settings.commandTimeout, orInputOn: -1) else {
            throw RedisError(.timeout, "no answer to the claim behind BLMOVE")
        }
        if case .error(let error) = claimed {
            guard error.code == .noScript else { throw error }
            lane.connection?.forgetScripts()
            return state.withLock { $0.mayHaveWork = true }
        }
        if claimed.array?.first?.string == "again" { return state.withLock { $0.mayHaveWork = true } }
        try settleAndClaim(claimed, nil, question.want)
    }

    private func claimCall(_ worker: WorkerID, want: Int) -> ScriptCall {
        ScriptCall(
            keys: [
                .text(keys.waiting(queue)), .text(keys.running(worker)), .text(keys.workers),
                .text(keys.delayed(queue)), .text(keys.fence), .text(keys.paused), .text(keys.cancelled),
                .text(keys.lanes(queue)),
            ], arguments: [.text(worker.rawValue), .int(want), .int(settings.maxElementBytes)])
    }

    private func doze(_ bell: Int32, _ until: ContinuousClock.Instant) {
        let pause = min(max(until - .now, .zero), .milliseconds(100))
        var entry = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
        poll(&entry, 1, Int32((pause / .milliseconds(1)).rounded(.up)))
    }
}
