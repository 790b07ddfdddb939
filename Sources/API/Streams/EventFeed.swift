import JobQueue
import Model
import NIOCore
import Redis
import ServiceLifecycle

/// The events of one batch or job for one reader, from a snapshot on or from where the reader had stopped.
///
/// The channel is joined first, then the state is read, so nothing falls between. What the channel loses (a reader too
/// slow, a connection that broke) is read again from the list of kept messages.
struct EventFeed: Sendable {
    /// What the record tells of the subject, merged with what is live.
    struct State: Sendable {
        var json: JSONValue
        var isFinal: Bool
    }

    static let heartbeat = Duration.seconds(5)
    /// The record is looked at again after this many heartbeats without an event, for events that were lost for good.
    private static let heartbeatsToRecord = 3

    let subject: String
    let queue: JobQueue
    let subscriber: RedisSubscriber
    /// The state, given the live part; nil when the subject is gone.
    let state: @Sendable (_ live: ProgressSnapshot?) async throws -> State?

    private enum Signal: Sendable {
        case joined
        case message([UInt8])
        case tick
    }

    /// Sends events until the terminal one, until `write` throws, or until the process is told to stop.
    ///
    /// - Parameter last: `Last-Event-ID`; nil: begin with a snapshot.
    func run(after last: Int64?, write: (ByteBuffer) async throws -> Void) async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(512))
        let channel = subscriber.events(on: queue.progressChannel(subject))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in channel {
                    switch event {
                    case .subscribed: signal.yield(.joined)
                    case .message(_, let payload): signal.yield(.message(payload))
                    }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: Self.heartbeat)
                    signal.yield(.tick)
                }
            }
            defer { group.cancelAll() }
            try await follow(signals, after: last, write)
        }
    }

    private func follow(
        _ signals: AsyncStream<Signal>, after last: Int64?, _ write: (ByteBuffer) async throws -> Void
    ) async throws {
        var cursor = EventCursor(after: last ?? 0)
        var hasBegun = last != nil
        var quietBeats = 0
        for await signal in signals.cancelOnGracefulShutdown() {
            var events: [ServerSentEvent] = []
            switch signal {
            case .joined:
                events = try await hasBegun ? missed(&cursor) : snapshot(&cursor)
                hasBegun = true
            case .message(let json):
                guard hasBegun else { continue }
                if let event = cursor.take(live: json) { events = [event] }
                if cursor.needsList { events = try await missed(&cursor) }
            case .tick:
                events = try await hasBegun ? missed(&cursor) : snapshot(&cursor)
                hasBegun = true
                quietBeats = events.isEmpty ? quietBeats + 1 : 0
                if quietBeats >= Self.heartbeatsToRecord {
                    quietBeats = 0
                    events = try await ending(&cursor)
                }
                if events.isEmpty { try await write(ServerSentEvent.comment) }
            }
            if !events.isEmpty {
                var out = ByteBuffer()
                for event in events { event.write(to: &out) }
                try await write(out)
            }
            if cursor.isFinished { return }
        }
    }

    /// The kept messages after the cursor; a snapshot instead when some are gone, or when Redis counts anew.
    private func missed(_ cursor: inout EventCursor) async throws -> [ServerSentEvent] {
        // While Redis is away there is nothing to be told; the channel says when it is back.
        guard let kept = try? await queue.events(subject, after: cursor.last) else { return [] }
        guard let events = cursor.take(kept: kept) else { return try await snapshot(&cursor) }
        if !events.isEmpty { return events }
        let live: ProgressSnapshot?
        do { live = try await queue.snapshot(subject) } catch { return [] }
        if (live?.seq ?? 0) < cursor.last { return try await snapshot(&cursor) }
        if let live, live.isFinal, live.seq == cursor.last { cursor.jump(to: cursor.last, isFinal: true) }
        return []
    }

    private func snapshot(_ cursor: inout EventCursor) async throws -> [ServerSentEvent] {
        // Without Redis the record alone tells the state.
        let live = try? await queue.snapshot(subject)
        guard let state = try await state(live) else {
            cursor.jump(to: cursor.last, isFinal: true)
            return []
        }
        // Where Redis knows the subject, its terminal event ends the stream: the record is a moment ahead of it.
        return [try tell(state, live, &cursor, isFinal: live?.isFinal ?? state.isFinal)]
    }

    /// A last snapshot when the record says that all is over but no event did.
    private func ending(_ cursor: inout EventCursor) async throws -> [ServerSentEvent] {
        let live = try? await queue.snapshot(subject)
        guard let state = try await state(live) else {
            cursor.jump(to: cursor.last, isFinal: true)
            return []
        }
        return state.isFinal ? [try tell(state, live, &cursor, isFinal: true)] : []
    }

    private func tell(
        _ state: State, _ live: ProgressSnapshot?, _ cursor: inout EventCursor, isFinal: Bool
    ) throws -> ServerSentEvent {
        cursor.jump(to: live?.seq ?? 0, isFinal: isFinal)
        return ServerSentEvent(id: cursor.last, name: "snapshot", data: try JSON.encode(state.json))
    }
}
