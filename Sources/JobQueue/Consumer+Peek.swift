internal import Glibc
internal import Model
internal import Redis

/// The claiming thread's second connection, on which it sleeps until the queue has something.
///
/// `BLMOVE` from the queue's end to the same end changes nothing, so that a lost answer loses nothing (decision 0001).
struct PeekLane: ~Copyable {
    static let block = Duration.seconds(2)

    var connection: RedisConnection?
    /// When the question was put that is not answered yet.
    var askedAt: ContinuousClock.Instant?
    /// After an error: not before.
    var pauseUntil: ContinuousClock.Instant?

    mutating func drop() {
        connection = nil
        askedAt = nil
        pauseUntil = .now + .milliseconds(100)
    }
}

extension Consumer {
    /// Sleeps until something happens: the queue has a job, another thread has news, or the time has come.
    func nap(_ lane: inout PeekLane, bell: Int32, until: ContinuousClock.Instant) {
        do throws(RedisError) {
            try ask(&lane)
            guard let askedAt = lane.askedAt else { return doze(bell, until) }
            let pause = min(until - .now, PeekLane.block)
            // A question that is open means there is a connection.
            if let answer = try lane.connection?.receive(within: max(pause, .zero), orInputOn: bell) {
                lane.askedAt = nil
                if case .error(let error) = answer { throw error }
                if !answer.isNull { state.withLock { $0.mayHaveWork = true } }
            } else if ContinuousClock.now - askedAt > PeekLane.block + settings.commandTimeout {
                throw RedisError(.timeout, "no answer to BLMOVE within its time")
            }
        } catch {
            lane.drop()
        }
    }

    /// Puts the question if it is worth an answer and none is open.
    private func ask(_ lane: inout PeekLane) throws(RedisError) {
        let now = ContinuousClock.now
        if lane.askedAt != nil { return }
        if let pause = lane.pauseUntil, now < pause { return }
        guard state.withLock({ $0.wantsPeek }) else { return }
        if lane.connection == nil { lane.connection = try connect("peek") }
        let waiting = RedisArgument.text(keys.waiting(queue))
        let seconds = RedisArgument.int(PeekLane.block.components.seconds)
        try lane.connection?.post(CommandBuffer(["BLMOVE", waiting, waiting, "RIGHT", "RIGHT", seconds]))
        lane.askedAt = now
    }

    private func doze(_ bell: Int32, _ until: ContinuousClock.Instant) {
        let pause = min(max(until - .now, .zero), .milliseconds(100))
        var entry = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
        poll(&entry, 1, Int32((pause / .milliseconds(1)).rounded(.up)))
    }
}
