internal import Foundation
internal import Model
internal import Redis

/// Gives the jobs of a lost worker back: to the front of the queue, or to the dead when they lost too many workers.
struct Rescue: Sendable {
    let settings: QueueSettings
    let keys: Keys
    let worker: WorkerID
    /// The process is known to be gone; otherwise the lease must be over.
    let isCertain: Bool
    static let batch = 100

    struct Step {
        var call: ScriptCall
        /// Those that end here, by the number of their settlement.
        var ended: [Int: (JobEnvelope, JobFailure)] = [:]
    }

    /// The newest claims come first, so that in the end the oldest one is at the very front.
    var read: [RedisArgument] { ["LRANGE", .text(keys.running(worker)), 0, .int(Self.batch - 1)] }

    func step(_ raws: [[UInt8]]) throws -> Step {
        let maker = SettlementMaker(settings: settings, keys: keys)
        var step = Step(
            call: ScriptCall(
                keys: keys.settling(worker.queue, worker) + [.text(keys.lanes(worker.queue))],
                arguments: [
                    .text(worker.rawValue), isCertain ? "1" : "0", .int(settings.maxEvents), .int(settings.maxDead),
                    .int(86_400_000), .int(raws.count),
                ]))
        for (index, raw) in raws.enumerated() {
            var settlement = Settlement(verb: .front, raw: raw, value: raw)
            if var (envelope, _) = try? JobEnvelope.parse(raw) {
                envelope.rescues += 1
                if envelope.rescues > settings.maxRescues {
                    let failure = JobFailure(
                        .crash, code: "worker_lost_repeatedly",
                        message: "the worker process was lost \(envelope.rescues) times while it ran this job")
                    settlement = try maker.settlement(
                        envelope, raw: raw, queue: worker.queue, fence: nil, .dead(failure), at: Date())
                    step.ended[index + 1] = (envelope, failure)
                } else {
                    settlement.value = try envelope.wire()
                }
            }
            settlement.encode(into: &step.call, keys: keys, settings: settings)
        }
        return step
    }

    /// What the script answered: jobs left, and the settlements that came too late; nil when the worker lives.
    func outcome(_ reply: RedisValue) -> (left: Int, late: Set<Int>)? {
        guard let parts = reply.array, parts.first?.string == "ok", parts.count > 1 else { return nil }
        return (Int(parts[1].int ?? 0), Set(parts.dropFirst(2).compactMap { $0.int.map { Int($0) } }))
    }
}

extension Duration {
    var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
