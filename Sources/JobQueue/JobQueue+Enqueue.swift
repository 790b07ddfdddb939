internal import Foundation
public import Model
internal import Redis

extension JobQueue {
    /// Queues envelopes, in order, at most 1,000 in one atomic script; of more, a full queue may take only the first
    /// thousands.
    ///
    /// An envelope with a future `not_before` waits apart.
    /// - Returns: one outcome for each envelope.
    /// - Throws: ``JobQueueError``: `.queueFull`, `.redisOutOfMemory`, `.invalid` (too long) or `.unavailable`. After
    ///   `.unavailable` the jobs may or may not be queued; job ids make asking again harmless.
    public func enqueue(
        _ envelopes: [JobEnvelope], on queue: QueueName
    ) async throws(JobQueueError) -> [EnqueueOutcome] {
        var outcomes: [EnqueueOutcome] = []
        var rest = envelopes[...]
        while !rest.isEmpty {
            let slice = Array(rest.prefix(1_000))
            rest = rest.dropFirst(slice.count)
            outcomes += try await enqueueAtOnce(slice, on: queue)
        }
        return outcomes
    }

    private func enqueueAtOnce(
        _ envelopes: [JobEnvelope], on queue: QueueName
    ) async throws(JobQueueError) -> [EnqueueOutcome] {
        var call = ScriptCall(
            keys: [
                .text(keys.waiting(queue)), .text(keys.delayed(queue)), .text(keys.lanes(queue)),
                .text(keys.awaiting(queue)),
            ],
            arguments: [
                .int(settings.maxWaiting), .int(settings.uniqueTTL.milliseconds),
                .int(settings.resultTTL.milliseconds), .int(envelopes.count),
            ])
        for envelope in envelopes { try append(envelope, queue, to: &call) }
        let reply = try await run(QueueScripts.enqueue, call)
        guard let parts = reply.array, let status = parts.first?.string else {
            throw .unexpectedReply(QueueScripts.enqueue.name)
        }
        guard status == "ok" else { throw .queueFull(queue, limit: settings.maxWaiting) }
        return zip(envelopes, parts.dropFirst()).map { envelope, answer in
            let holder = answer.string.flatMap { JobID($0) }
            return holder.map { .duplicate(of: $0) } ?? .enqueued(envelope.id)
        }
    }

    private func append(
        _ envelope: JobEnvelope, _ queue: QueueName, to call: inout ScriptCall
    ) throws(JobQueueError) {
        guard let raw = try? envelope.wire() else { throw .invalid("the payload of \(envelope.id) cannot be written") }
        guard raw.count <= JobEnvelope.maxBytes else {
            throw .invalid("job \(envelope.id) has \(raw.count) bytes; at most \(JobEnvelope.maxBytes) are taken")
        }
        let due = envelope.notBefore.map { Int64(($0.timeIntervalSince1970 * 1000).rounded(.up)) } ?? 0
        call.arguments.append(.bytes(raw))
        call.arguments.append(.text(envelope.id.rawValue))
        call.arguments.append(envelope.uniqueKey.map { call.key(keys.unique(queue, $0)) } ?? 0)
        call.arguments.append(.int(due))
        call.arguments.append(envelope.priority != 0 || envelope.tenant != JobEnvelope.defaultTenant ? "1" : "0")
        guard settings.recordsSingleJobs, envelope.batch == nil else { return call.arguments += [0, 0] }
        let fields: [RedisArgument] = [
            "status", .text(JobState.queued.rawValue), "queue", .text(queue.rawValue), "kind", .text(envelope.kind),
            "job", .text(envelope.id.rawValue), "seq", "0", "at", .text(RFC3339.format(Date())),
        ]
        call.arguments.append(call.key(keys.snapshot(envelope.id.rawValue)))
        call.arguments.append(.int(fields.count))
        call.arguments += fields
    }

    func run(
        _ script: Script, _ call: ScriptCall, idempotent: Bool = false
    ) async throws(JobQueueError) -> RedisValue {
        do throws(RedisError) {
            return try await client.run(script, keys: call.keys, call.arguments, idempotent: idempotent)
        } catch { throw JobQueueError(error) }
    }

    func send(_ arguments: [RedisArgument]) async throws(JobQueueError) -> RedisValue {
        do throws(RedisError) { return try await client.send(arguments, idempotent: true) } catch {
            throw JobQueueError(error)
        }
    }

    func pipeline(_ commands: CommandBuffer) async throws(JobQueueError) -> [RedisValue] {
        do throws(RedisError) {
            return try await client.pipeline(commands, idempotent: true).map { (reply) throws(RedisError) in
                try reply.get()
            }
        } catch { throw JobQueueError(error) }
    }
}
