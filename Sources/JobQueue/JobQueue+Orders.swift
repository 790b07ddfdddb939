public import Model
internal import Redis

extension JobQueue {
    /// Waiting and delayed jobs are dropped when their turn comes, running ones are stopped. An id stays cancelled for
    /// `cancelTTL`, also for jobs queued later.
    public func cancel(_ ids: [JobID]) async throws(JobQueueError) {
        var rest = ids[...]
        while !rest.isEmpty {
            let slice = rest.prefix(1_000)
            rest = rest.dropFirst(slice.count)
            let call = ScriptCall(
                keys: [.text(keys.cancelled)] + QueueName.allCases.map { .text(keys.delayed($0)) },
                arguments: [.int(settings.cancelTTL.milliseconds), .text(keys.controlChannel)]
                    + slice.map { .text($0.rawValue) })
            let taken = try await run(QueueScripts.cancel, call, idempotent: true)
            for raw in taken.array ?? [] {
                guard let bytes = raw.bytes, let (envelope, _) = try? JobEnvelope.parse(bytes), envelope.batch == nil,
                    settings.recordsSingleJobs
                else { continue }
                try await publish(ProgressEvent(.jobCancelled, job: envelope.id))
            }
        }
    }

    /// Lets jobs run that were cancelled before and are queued again by hand.
    public func forgetCancellation(_ ids: [JobID]) async throws(JobQueueError) {
        guard !ids.isEmpty else { return }
        _ = try await send(["ZREM", .text(keys.cancelled)] + ids.map { .text($0.rawValue) })
    }

    /// Workers finish what they run and claim nothing more of this queue.
    public func pause(_ queue: QueueName) async throws(JobQueueError) {
        var commands = CommandBuffer()
        commands.append("SADD", .text(keys.paused), .text(queue.rawValue))
        commands.append("PUBLISH", .text(keys.controlChannel), "pause \(queue.rawValue)")
        _ = try await pipeline(commands)
    }

    public func resume(_ queue: QueueName) async throws(JobQueueError) {
        var commands = CommandBuffer()
        commands.append("SREM", .text(keys.paused), .text(queue.rawValue))
        commands.append("PUBLISH", .text(keys.controlChannel), "resume \(queue.rawValue)")
        _ = try await pipeline(commands)
    }

    /// Offers parked jobs to the workers again. Returns how many.
    @discardableResult
    public func retryParked(_ queue: QueueName) async throws(JobQueueError) -> Int {
        let call = ScriptCall(
            keys: [.text(keys.parked(queue)), .text(keys.waiting(queue))], arguments: [10_000])
        return Int(try await run(QueueScripts.unpark, call).int ?? 0)
    }

    /// Gives the jobs of a worker process that is known to be dead back at once.
    @discardableResult
    public func releaseDead(
        _ worker: WorkerID, endedUnrun: @Sendable (JobEnvelope, JobState, JobFailure) -> Void = { _, _, _ in }
    ) async throws(JobQueueError) -> Int {
        let rescue = Rescue(settings: settings, keys: keys, worker: worker, isCertain: true)
        var released = 0
        for _ in 0..<1_000 {
            let raws = try await send(rescue.read).array?.compactMap(\.bytes) ?? []
            guard let step = try? rescue.step(raws) else { throw .invalid("a job cannot be written again") }
            guard let outcome = rescue.outcome(try await run(QueueScripts.rescue, step.call)) else { break }
            released += raws.count - outcome.late.count
            for (index, end) in step.ended where !outcome.late.contains(index) { endedUnrun(end.0, .dead, end.1) }
            if outcome.left == 0 { break }
        }
        return released
    }

    /// A value that is gone when Redis has been emptied.
    public func marker() async throws(JobQueueError) -> String? {
        try await send(["GET", .text(keys.epoch)]).string
    }

    public func setMarker(_ value: String) async throws(JobQueueError) {
        _ = try await send(["SET", .text(keys.epoch), .text(value)])
    }
}
