import JobQueue
import Model

/// Puts what comes over a channel and what is kept in the list into one row without gaps or doubles.
///
/// Pure: messages in, events out; the caller reads the list whenever ``needsList`` says so.
struct EventCursor {
    /// The last `seq` that was sent.
    private(set) var last: Int64
    /// Whether messages are missing between ``last`` and what came.
    private(set) var needsList = false
    private(set) var isFinished = false

    init(after last: Int64) { self.last = last }

    /// A message of the channel. Nil: known already, or something before it is missing.
    mutating func take(live json: [UInt8]) -> ServerSentEvent? {
        guard !isFinished, let message = Message(json) else { return nil }
        if message.seq <= last { return nil }
        guard message.seq == last + 1 else {
            needsList = true
            return nil
        }
        return send(message, json)
    }

    /// The kept messages after ``last``, oldest first.
    ///
    /// - Returns: the events to send; nil: the ones that would come next are gone, so a snapshot must come instead.
    mutating func take(kept: [EventMessage]) -> [ServerSentEvent]? {
        needsList = false
        let newer = kept.filter { $0.seq > last }
        guard let first = newer.first else { return [] }
        guard first.seq == last + 1 else { return nil }
        var events: [ServerSentEvent] = []
        for message in newer where !isFinished {
            guard message.seq == last + 1, let parsed = Message(message.json) else { return nil }
            events.append(send(parsed, message.json))
        }
        return events
    }

    /// A snapshot was sent that has all up to `seq` in it.
    mutating func jump(to seq: Int64, isFinal: Bool) {
        last = seq
        needsList = false
        isFinished = isFinished || isFinal
    }

    private mutating func send(_ message: Message, _ json: [UInt8]) -> ServerSentEvent {
        last = message.seq
        if EventName(rawValue: message.event)?.isTerminal ?? false { isFinished = true }
        return ServerSentEvent(id: message.seq, name: message.event, data: json)
    }

    private struct Message {
        let seq: Int64
        let event: String

        init?(_ json: [UInt8]) {
            struct Head: Decodable {
                let seq: Int64
                let event: String
            }
            guard let head = try? JSON.decode(Head.self, from: json) else { return nil }
            seq = head.seq
            event = head.event
        }
    }
}
