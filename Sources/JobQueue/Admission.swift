internal import Foundation
internal import Model
internal import Redis

/// Sorts freshly claimed bytes: those to run, and those to settle without running.
struct Admission {
    struct Candidate {
        var envelope: JobEnvelope
        var raw: [UInt8]
        /// The envelope with the id it was given, where it had none.
        var normal: [UInt8]?
        var fence: Int64

        func claim(ticket: UInt64, queue: QueueName, worker: WorkerID, at time: Date) -> Claim {
            Claim(
                ticket: ticket, queue: queue, envelope: envelope, raw: normal ?? raw, fence: fence, claimedAt: time,
                worker: worker)
        }
    }

    let keys: Keys
    let settings: QueueSettings
    let queue: QueueName
    let worker: WorkerID
    /// Which arrival this is.
    let arrival: UInt64
    private(set) var candidates: [Candidate] = []
    private(set) var settlements: [Settlement] = []
    private(set) var ended: [(envelope: JobEnvelope, state: JobState, failure: JobFailure)] = []

    /// Whether a candidate lacks an id or has a unique key.
    var needsCheck: Bool { candidates.contains { $0.normal != nil || $0.envelope.uniqueKey != nil } }

    init(keys: Keys, settings: QueueSettings, queue: QueueName, worker: WorkerID, arrival: UInt64) {
        self.keys = keys
        self.settings = settings
        self.queue = queue
        self.worker = worker
        self.arrival = arrival
    }

    mutating func read(
        _ raw: [UInt8], fence: Int64, at now: Date, knows: (String) -> Bool, maker: SettlementMaker
    ) {
        do throws(EnvelopeError) {
            let (envelope, hadID) = try JobEnvelope.parse(raw)
            if let expiry = envelope.expiresAt, expiry <= now {
                let failure = JobFailure(.badInput, code: "expired", message: "not started before it expired")
                end(envelope, raw, .dead(failure), .dead, failure, at: now, maker)
            } else if let start = envelope.notBefore, start > now {
                let ms = Int64((start.timeIntervalSince1970 * 1000).rounded(.up))
                let value = hadID ? raw : ((try? envelope.wire()) ?? raw)
                settlements.append(
                    Settlement(verb: .until, raw: raw, value: value, number: ms, id: envelope.id.rawValue))
            } else if !knows(envelope.kind) {
                settle(envelope, raw, .park(reason: "no worker here knows the kind \(envelope.kind)"), at: now, maker)
            } else {
                let normal = hadID ? nil : try? envelope.wire()
                candidates.append(Candidate(envelope: envelope, raw: raw, normal: normal, fence: fence))
            }
        } catch {
            switch error {
            case .newerVersion: settlements.append(Settlement(verb: .park, raw: raw, value: raw))
            case .malformed:
                let made = try? maker.unreadable(raw, queue: queue, reason: error.description, at: now)
                settlements.append(made ?? Settlement(verb: .park, raw: raw, value: raw))
            }
        }
    }

    func call() -> ScriptCall {
        var call = ScriptCall(
            keys: [.text(keys.running(worker)), .text(keys.cancelled)],
            arguments: [.int(settings.uniqueTTL.milliseconds), .int(candidates.count)])
        for candidate in candidates {
            call.arguments.append(.bytes(candidate.raw))
            call.arguments.append(.bytes(candidate.normal ?? []))
            call.arguments.append(.text(candidate.envelope.id.rawValue))
            let unique = candidate.envelope.uniqueKey.map { call.key(keys.unique(queue, $0)) }
            call.arguments.append(unique ?? 0)
        }
        return call
    }

    mutating func apply(_ reply: RedisValue, at now: Date, maker: SettlementMaker) {
        let answers = reply.array ?? []
        let all = candidates
        candidates = []
        for (index, candidate) in all.enumerated() {
            let raw = candidate.normal ?? candidate.raw
            switch index < answers.count ? answers[index].string : nil {
            case "ok": candidates.append(candidate)
            case "cancelled":
                let failure = JobFailure(.cancelled, code: "cancelled", message: "cancelled while it waited")
                end(candidate.envelope, raw, .cancelled, .cancelled, failure, at: now, maker)
            case "lost", nil: break
            case let holder?:
                let failure = JobFailure(
                    .cancelled, code: "duplicate", message: "the unfinished job \(holder) has the same unique key")
                settlements.append(Settlement(verb: .drop, raw: raw, id: candidate.envelope.id.rawValue))
                ended.append((candidate.envelope, .cancelled, failure))
            }
        }
    }

    private mutating func end(
        _ envelope: JobEnvelope, _ raw: [UInt8], _ outcome: Outcome, _ state: JobState, _ failure: JobFailure,
        at now: Date, _ maker: SettlementMaker
    ) {
        settle(envelope, raw, outcome, at: now, maker)
        ended.append((envelope, state, failure))
    }

    private mutating func settle(
        _ envelope: JobEnvelope, _ raw: [UInt8], _ outcome: Outcome, at now: Date, _ maker: SettlementMaker
    ) {
        let made = try? maker.settlement(envelope, raw: raw, queue: queue, fence: nil, outcome, at: now)
        settlements.append(made ?? Settlement(verb: .park, raw: raw, value: raw))
    }
}
