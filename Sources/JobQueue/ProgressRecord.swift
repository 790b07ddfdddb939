internal import Foundation
internal import Model
internal import Redis

/// A progress message without its `seq`, and the snapshot fields that go with it.
struct ProgressRecord: Sendable, Hashable {
    var subject: String
    /// Everything behind the `seq` number, closing brace included.
    var suffix: String
    /// Field, value, field, value …
    var fields: [String]
    var isFinal: Bool
    /// How the job that this is about has ended; nil: it has not, or it is one of a batch.
    var ended: String?
    /// The job whose log this is a line of.
    var log: String?

    /// What is not over must outlast pauses and long queues, or its `seq` would begin again.
    func ttl(_ settings: QueueSettings) -> Duration { isFinal ? settings.resultTTL : settings.unfinishedTTL }

    /// Nil for an event about neither batch nor job.
    init?(_ event: ProgressEvent, fields extra: [String: String] = [:], at time: Date = Date()) {
        guard let subject = event.subject else { return nil }
        self.subject = subject
        isFinal = event.event.isTerminal
        let at = RFC3339.format(time)
        let data = String(decoding: event.data.text, as: UTF8.self)
        let percent = event.percent.flatMap { $0.isFinite ? min(max($0, 0), 100) : nil }
        let batch = event.batch?.uuidString.lowercased()
        let asset = event.asset?.uuidString.lowercased()
        suffix =
            ",\"event\":\"\(event.event.rawValue)\",\"batch\":\(Self.quote(batch)),\"asset\":\(Self.quote(asset))"
            + ",\"job\":\(Self.quote(event.job?.rawValue)),\"queue\":\(Self.quote(event.queue?.rawValue))"
            + ",\"stage\":\(Self.quote(event.stage)),\"percent\":\(percent.map { "\($0)" } ?? "null")"
            + ",\"at\":\"\(at)\",\"data\":\(data)}"
        var fields = [
            "event": event.event.rawValue, "status": Self.status(event.event), "at": at, "data": data,
            "job": event.job?.rawValue ?? "", "queue": event.queue?.rawValue ?? "", "stage": event.stage ?? "",
        ]
        if let batch {
            fields["batch"] = batch
            fields["asset"] = asset ?? ""
        }
        if let percent { fields["percent"] = "\(percent)" }
        if batch == nil, isFinal { ended = Self.status(event.event) }
        if event.event == .jobLog {
            log = event.job?.rawValue
            // The state stays what it was; only a single job's line also tells that it runs.
            fields = batch == nil ? fields.filter { ["at", "job", "queue", "status"].contains($0.key) } : ["at": at]
        }
        fields.merge(extra) { _, new in new }
        fields["seq"] = nil
        self.fields = fields.flatMap { [$0.key, $0.value] }
    }

    /// A batch remembers the highest fence of each job apart; a job's own snapshot has its one.
    func call(keys: Keys, settings: QueueSettings, fence: (job: String, value: Int64)?) -> ScriptCall {
        let isOwn = fence?.job == subject
        return ScriptCall(
            keys: [
                .text(keys.snapshot(subject)), .text(keys.events(subject)),
                .text(isOwn ? keys.snapshot(subject) : keys.fences(subject)),
            ] + (log.map { [.text(keys.log($0))] } ?? []),
            arguments: [
                .text(keys.progressChannel(subject)), .text(suffix), fence.map { .int($0.value) } ?? "",
                .text(isOwn ? "fence" : fence?.job ?? ""), .int(ttl(settings).milliseconds),
                .int(settings.maxEvents), .text(ended ?? ""), .int(settings.resultTTL.milliseconds),
            ] + fields.map { .text($0) })
    }

    private static func quote(_ text: String?) -> String {
        guard let text else { return "null" }
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != 0x5C }
        return isPlain ? "\"\(text)\"" : String(decoding: JSONValue.string(text).text, as: UTF8.self)
    }

    private static func status(_ event: EventName) -> String {
        switch event {
        case .imageUploaded: "pending"
        case .batchCompleted: "completed"
        case .batchCancelled, .jobCancelled: "cancelled"
        case .jobStarted, .jobProgress, .jobLog: JobState.running.rawValue
        case .jobCompleted: JobState.done.rawValue
        case .jobRetrying: JobState.delayed.rawValue
        case .jobDead: JobState.dead.rawValue
        case .jobParked: JobState.parked.rawValue
        case .jobWaiting: JobState.waiting.rawValue
        default: "processing"
        }
    }
}

extension QueueSettings {
    /// How long what belongs to an unfinished job stays.
    var unfinishedTTL: Duration { max(resultTTL, .seconds(7 * 86_400)) }
}
