internal import Foundation
internal import Model
internal import Redis

/// What becomes of one element of a run list; `common.lua` applies it.
struct Settlement: Sendable {
    enum Verb: String, Sendable {
        /// Ended well.
        case done
        /// Back to the front of the queue.
        case front
        /// Again after `number` milliseconds.
        case delay
        /// Not before `number` (server ms).
        case until
        case park
        case dead
        /// Ended without a trace: cancelled, or a duplicate.
        case drop
    }

    var verb: Verb
    var raw: [UInt8]
    /// What is queued again, parked, or kept with the dead.
    var value: [UInt8] = []
    var number: Int64 = 0
    var id = ""
    /// Freed when it names this job.
    var uniqueKey: String?
    var record: ProgressRecord?
    var followUps: [(key: String, raw: [UInt8])] = []

    /// Needs no more than to leave the run list.
    var isPlainAcknowledgement: Bool {
        verb == .done && uniqueKey == nil && record == nil && followUps.isEmpty
    }

    func encode(into call: inout ScriptCall, keys: Keys, settings: QueueSettings) {
        call.arguments.append(.text(verb.rawValue))
        call.arguments.append(.bytes(raw))
        call.arguments.append(.bytes(value))
        call.arguments.append(.int(number))
        call.arguments.append(.text(id))
        call.arguments.append(uniqueKey.map { call.key($0) } ?? 0)
        if let record {
            call.arguments.append(call.key(keys.snapshot(record.subject)))
            _ = call.key(keys.events(record.subject))
            call.arguments.append(.text(keys.progressChannel(record.subject)))
            call.arguments.append(.text(record.suffix))
            call.arguments.append(.int(record.ttl(settings).milliseconds))
            call.arguments.append(.int(record.fields.count))
            for field in record.fields { call.arguments.append(.text(field)) }
        } else {
            call.arguments += [0, "", "", 0, 0]
        }
        call.arguments.append(.int(followUps.count))
        for followUp in followUps {
            call.arguments.append(call.key(followUp.key))
            call.arguments.append(.bytes(followUp.raw))
        }
    }
}

extension ScriptCall {
    /// One `exchange.lua`: settles a numbered batch, plain acknowledgements first, then claims.
    static func exchange(
        _ worker: WorkerID, batch: Int64, want: Int, plain: [Settlement], others: [Settlement], keys: Keys,
        settings: QueueSettings, at now: Date
    ) -> ScriptCall {
        let queue = worker.queue
        var call = ScriptCall(
            keys: keys.settling(queue, worker) + [
                .text(keys.fence), .text(keys.paused), .text(keys.cancelled), .text(keys.lanes(queue)),
            ],
            arguments: [
                .text(worker.rawValue), .text(queue.rawValue), .int(batch), .int(want),
                .int(settings.maxElementBytes), .int(settings.maxEvents), .int(settings.maxDead),
                .text(RFC3339.format(now)), .text(settings.limits.wire), .int(plain.count),
            ])
        for settlement in plain { call.arguments.append(.bytes(settlement.raw)) }
        call.arguments.append(.int(others.count))
        for settlement in others { settlement.encode(into: &call, keys: keys, settings: settings) }
        return call
    }
}

extension Keys {
    /// The ten keys `common.lua` expects first.
    func settling(_ queue: QueueName, _ worker: WorkerID) -> [RedisArgument] {
        [
            .text(waiting(queue)), .text(running(worker)), .text(workers), .text(self.worker(worker)),
            .text(tombstone(worker)), .text(delayed(queue)), .text(parked(queue)), .text(dead(queue)),
            .text(deadEntries(queue)), .text(stats(queue)),
        ]
    }
}
