internal import Foundation
public import Model
internal import Redis

extension JobQueue {
    /// Sends a progress message and updates the snapshot, in one script.
    ///
    /// - Parameters:
    ///   - fields: further snapshot fields, for example `total`, `processed`, `failed`; `status` replaces the one that
    ///     follows from the event.
    ///   - fence: of the claim this event is about; with the event's `job` it keeps a zombie from being heard.
    /// - Returns: the message's `seq`; nil when it was refused since a newer claim of the job has reported, or when
    ///   the event names neither batch nor job.
    @discardableResult
    public func publish(
        _ event: ProgressEvent, fields: [String: String] = [:], fence: Int64? = nil
    ) async throws(JobQueueError) -> Int64? {
        guard let record = ProgressRecord(event, fields: fields) else { return nil }
        let holder = event.job.flatMap { job in fence.map { (job.rawValue, $0) } }
        let call = record.call(keys: keys, settings: settings, fence: holder)
        return try await run(QueueScripts.progress, call).int
    }

    /// The latest state of a batch or job.
    public func snapshot(_ subject: String) async throws(JobQueueError) -> ProgressSnapshot? {
        let pairs = try await send(["HGETALL", .text(keys.snapshot(subject))]).pairs
        let fields = pairs.compactMapValues(\.string)
        guard let seq = pairs["seq"]?.int else { return nil }
        return ProgressSnapshot(
            seq: seq, event: fields["event"] ?? "", status: fields["status"] ?? "",
            percent: fields["percent"].flatMap { Double($0) }, fields: fields)
    }

    /// The kept messages with a higher `seq`, oldest first. If the first one's is not the next, older ones are gone:
    /// read the snapshot instead.
    public func events(_ subject: String, after seq: Int64) async throws(JobQueueError) -> [EventMessage] {
        let messages = try await send(["LRANGE", .text(keys.events(subject)), 0, -1]).array ?? []
        return messages.compactMap { value in
            guard let json = value.bytes, let number = EventMessage.seq(of: json), number > seq else { return nil }
            return EventMessage(seq: number, json: json)
        }
    }

    /// The channel of a batch's or job's messages, for `RedisSubscriber`; `*` for all.
    public func progressChannel(_ subject: String) -> String { keys.progressChannel(subject) }
}

extension EventMessage {
    private static let prefix = Array(#"{"v":1,"seq":"#.utf8)

    /// The `seq` of a message as it came over the channel, without reading the rest.
    public static func seq(of json: [UInt8]) -> Int64? {
        guard json.starts(with: prefix) else { return nil }
        let digits = json.dropFirst(prefix.count).prefix { (0x30...0x39).contains($0) }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}
