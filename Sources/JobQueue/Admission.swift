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
        /// An attempt that failed has seen them end.
        var waitsForOthers: Bool { envelope.attempt == 1 && !envelope.dependsOn.isEmpty }
        var needsCheck: Bool { normal != nil || envelope.uniqueKey != nil || waitsForOthers }

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

    /// Whether a candidate lacks an id, has a unique key, or waits for others.
    var needsCheck: Bool { candidates.contains(where: \.needsCheck) }

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
            } else if envelope.dependsOn.contains(envelope.id) {
                let failure = JobFailure(.badInput, code: "depends_on_itself", message: "the job waits for itself")
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

    func call(_ maker: SettlementMaker, at now: Date) -> ScriptCall {
        var call = ScriptCall(
            keys: [.text(keys.running(worker)), .text(keys.cancelled)],
            arguments: [
                .int(settings.uniqueTTL.milliseconds), .int(candidates.count), .text(queue.rawValue),
                .int(settings.resultTTL.milliseconds), .int(settings.dependencyInterval.milliseconds),
                .int(settings.unfinishedTTL.milliseconds), .int(settings.maxEvents),
            ])
        for candidate in candidates {
            call.arguments.append(.bytes(candidate.raw))
            call.arguments.append(.bytes(candidate.normal ?? []))
            call.arguments.append(.text(candidate.envelope.id.rawValue))
            let unique = candidate.envelope.uniqueKey.map { call.key(keys.unique(queue, $0)) }
            call.arguments.append(unique ?? 0)
            appendDependencies(of: candidate, maker, at: now, to: &call)
        }
        return call
    }

    private func appendDependencies(
        of candidate: Candidate, _ maker: SettlementMaker, at now: Date, to call: inout ScriptCall
    ) {
        guard candidate.waitsForOthers else { return call.arguments.append("") }
        let envelope = candidate.envelope
        let data: JSONValue = ["depends_on": .int(Int64(envelope.dependsOn.count))]
        let record = maker.record(envelope, queue, .jobWaiting, nil, at: now, data: data)
        let expiry = envelope.expiresAt.map { Int64(($0.timeIntervalSince1970 * 1000).rounded(.up)) }
        let fields = record?.fields ?? []
        call.arguments += [
            .text(envelope.dependsOn.map(\.rawValue).joined(separator: " ")), .text(envelope.dependsPolicy.rawValue),
            .int(expiry ?? 0), .text(record.map { keys.progressChannel($0.subject) } ?? ""),
            .text(record?.suffix ?? ""), .int(fields.count),
        ]
        call.arguments += fields.map { .text($0) }
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
            case let answer? where answer.contains(" "):
                guard let failure = Self.failure(answer) else { break }
                end(candidate.envelope, raw, .dead(failure), .dead, failure, at: now, maker)
            case let holder?:
                let failure = JobFailure(
                    .cancelled, code: "duplicate", message: "the unfinished job \(holder) has the same unique key")
                var dropped = Settlement(verb: .drop, raw: raw, id: candidate.envelope.id.rawValue)
                dropped.record = maker.record(
                    candidate.envelope, queue, .jobCancelled, nil, at: now,
                    data: ["code": .string(failure.code), "message": .string(failure.message)])
                settlements.append(dropped)
                ended.append((candidate.envelope, .cancelled, failure))
            }
        }
    }

    /// Why a job will never have what it waits for; nil: it was put aside.
    private static func failure(_ answer: String) -> JobFailure? {
        let words = answer.split(separator: " ")
        switch (words[0], words.count) {
        case ("failed", 3):
            return JobFailure(
                .badInput, code: "dependency_failed", message: "the job \(words[1]), which it waits for, is \(words[2])"
            )
        case ("unknown", 2):
            return JobFailure(
                .badInput, code: "dependency_unknown", message: "the job \(words[1]), which it waits for, never came")
        case ("circle", 2):
            return JobFailure(
                .badInput, code: "depends_on_itself", message: "the job waits for itself, through the job \(words[1])")
        default: return nil
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
