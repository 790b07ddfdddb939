internal import Foundation
internal import Model

/// Turns the end of an attempt into what the queue does with the job.
struct SettlementMaker: Sendable {
    let settings: QueueSettings
    let keys: Keys

    func settlement(
        _ claim: Claim, _ outcome: Outcome, followUps: [(QueueName, JobEnvelope)], at now: Date
    ) throws -> Settlement {
        var result = try settlement(
            claim.envelope, raw: claim.raw, queue: claim.queue, fence: claim.fence, outcome, at: now)
        result.followUps = try followUps.map { (keys.waiting($0.0), try $0.1.wire()) }
        return result
    }

    func settlement(
        _ envelope: JobEnvelope, raw: [UInt8], queue: QueueName, fence: Int64?, _ outcome: Outcome, at now: Date
    ) throws -> Settlement {
        switch outcome {
        case .done(let result):
            var made = ending(.done, envelope, raw, queue)
            made.record = record(envelope, queue, .jobCompleted, fence, at: now, extra: ["result": bounded(result)])
            return made
        case .failed(let failure):
            var generator = SystemRandomNumberGenerator()
            let next: Outcome =
                switch RetryPolicy(settings).decide(envelope, failure, using: &generator) {
                case .free: .release
                case .again(let delay): .retry(failure, after: delay)
                case .dead: .dead(failure)
                case .cancelled: .cancelled
                }
            return try settlement(envelope, raw: raw, queue: queue, fence: fence, next, at: now)
        case .retry(let failure, let delay):
            var again = noting(failure, in: envelope, at: now)
            again.attempt += 1
            again.notBefore = nil
            var made = Settlement(verb: .delay, raw: raw, value: try again.wire(), id: envelope.id.rawValue)
            made.number = Int64(max(0, delay / .milliseconds(1)))
            let data: JSONValue = [
                "attempt": .int(Int64(envelope.attempt)), "code": .string(failure.code),
                "message": .string(failure.message), "delay_ms": .int(made.number),
            ]
            made.record = record(envelope, queue, .jobRetrying, fence, at: now, data: data)
            return made
        case .dead(let failure):
            var made = ending(.dead, envelope, raw, queue)
            made.value = try JSON.encode(deadJob(envelope, queue, failure, at: now))
            let data: JSONValue = [
                "attempt": .int(Int64(envelope.attempt)), "code": .string(failure.code),
                "message": .string(failure.message),
            ]
            let extra = ["error_code": failure.code, "error_message": String(failure.message.prefix(1_000))]
            made.record = record(envelope, queue, .jobDead, fence, at: now, data: data, extra: extra)
            return made
        case .cancelled:
            var made = ending(.drop, envelope, raw, queue)
            made.record = record(envelope, queue, .jobCancelled, fence, at: now)
            return made
        case .park(let reason):
            var made = Settlement(verb: .park, raw: raw, value: raw, id: envelope.id.rawValue)
            let data: JSONValue = ["reason": .string(reason), "kind": .string(envelope.kind)]
            made.record = record(envelope, queue, .jobParked, fence, at: now, data: data)
            return made
        case .release:
            return Settlement(verb: .front, raw: raw, value: raw, id: envelope.id.rawValue)
        }
    }

    /// Bytes that are no envelope go to the dead under an id of their own.
    func unreadable(_ raw: [UInt8], queue: QueueName, reason: String, at now: Date) throws -> Settlement {
        let id = JobID.random()
        let entry = DeadJob(
            id: id, queue: queue, kind: "", code: "unparsable", reason: reason, attempts: 0, failures: [],
            stderrTail: nil, envelope: nil, rawBase64: Data(raw).base64EncodedString(), at: now)
        return Settlement(verb: .dead, raw: raw, value: try JSON.encode(entry), id: id.rawValue)
    }

    private func ending(
        _ verb: Settlement.Verb, _ envelope: JobEnvelope, _ raw: [UInt8], _ queue: QueueName
    ) -> Settlement {
        Settlement(
            verb: verb, raw: raw, id: envelope.id.rawValue,
            uniqueKey: envelope.uniqueKey.map { keys.unique(queue, $0) })
    }

    private func deadJob(
        _ envelope: JobEnvelope, _ queue: QueueName, _ failure: JobFailure, at now: Date
    ) throws -> DeadJob {
        let noted = noting(failure, in: envelope, at: now)
        let tail = failure.stderrTail.map { String($0.suffix(4_096)) }
        return DeadJob(
            id: envelope.id, queue: queue, kind: envelope.kind, code: failure.code, reason: failure.message,
            attempts: envelope.attempt, failures: noted.failures, stderrTail: tail,
            envelope: try JSON.decode(JSONValue.self, from: try noted.wire()), rawBase64: nil, at: now)
    }

    private func noting(_ failure: JobFailure, in envelope: JobEnvelope, at now: Date) -> JobEnvelope {
        var noted = envelope
        let entry = AttemptFailure(
            attempt: envelope.attempt, code: failure.code, message: String(failure.message.prefix(500)), at: now)
        noted.failures = Array((envelope.failures + [entry]).suffix(5))
        return noted
    }

    /// Jobs of a batch are told about by the batch's own events.
    func record(
        _ envelope: JobEnvelope, _ queue: QueueName, _ event: EventName, _ fence: Int64?, at now: Date,
        data: JSONValue? = nil, extra: [String: String?] = [:]
    ) -> ProgressRecord? {
        guard envelope.batch == nil, settings.recordsSingleJobs else { return nil }
        var fields = extra.compactMapValues { $0 }
        fields["kind"] = envelope.kind
        fields["attempt"] = String(envelope.attempt)
        if let fence { fields["fence"] = String(fence) }
        if event == .jobCompleted { fields["percent"] = "100.0" }
        let event = ProgressEvent(
            event, job: envelope.id, queue: queue, percent: event == .jobCompleted ? 100 : nil,
            data: data ?? ["attempt": .int(Int64(envelope.attempt))])
        return ProgressRecord(event, fields: fields, at: now)
    }

    private func bounded(_ result: JSONValue?) -> String? {
        guard let result else { return nil }
        let text = String(decoding: result.text, as: UTF8.self)
        guard text.utf8.count > settings.maxResultBytes else { return text }
        return "{\"truncated\":true,\"bytes\":\(text.utf8.count)}"
    }
}
