internal import Glibc
internal import Synchronization

/// Channels for asynchronous readers: one connection and one thread, whatever the number of readers.
public final class RedisSubscriber: Sendable {
    public enum Event: Sendable, Hashable {
        /// From now on messages arrive. Comes first, and again after each lost connection: messages in between are
        /// lost, so read the state once more.
        case subscribed
        case message(channel: String, payload: [UInt8])
    }

    private struct Reader {
        var channel: String
        var continuation: AsyncStream<Event>.Continuation
    }
    private struct Readers {
        var byID: [Int: Reader] = [:]
        var byChannel: [String: Set<Int>] = [:]
        var live: Set<String> = []
        var changes: [(channel: String, wanted: Bool)] = []
        var nextID = 0
        var stopped = false
    }

    private let readers = Mutex(Readers())
    private let wake: WakePipe

    public init(_ url: RedisURL, name: String) {
        let wake = WakePipe()
        self.wake = wake
        let loop: @Sendable () -> Void = { [weak self] in
            var subscription = Subscription(url, name: name)
            while let self, self.step(&subscription) {}
        }
        startThread(name: "redis-sub", loop)
    }

    deinit {
        for reader in readers.withLock({ Array($0.byID.values) }) { reader.continuation.finish() }
        wake.signal()
    }

    /// Messages of one channel, or of a pattern when it holds a `*`.
    ///
    /// - Parameter limit: a reader that falls behind by more loses its oldest messages; `seq` in them shows the gap.
    public func events(on channel: String, bufferingNewest limit: Int = 256) -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(limit))
        let id = readers.withLock { readers in
            let id = readers.nextID
            readers.nextID += 1
            guard !readers.stopped else {
                continuation.finish()
                return id
            }
            readers.byID[id] = Reader(channel: channel, continuation: continuation)
            readers.byChannel[channel, default: []].insert(id)
            if readers.byChannel[channel]?.count == 1 {
                readers.changes.append((channel, true))
            } else if readers.live.contains(channel) {
                continuation.yield(.subscribed)
            }
            return id
        }
        wake.signal()
        continuation.onTermination = { [weak self] _ in self?.leave(id) }
        return stream
    }

    /// Ends every stream and the thread.
    public func close() {
        let all = readers.withLock { readers in
            defer {
                readers.byID = [:]
                readers.byChannel = [:]
                readers.stopped = true
            }
            return Array(readers.byID.values)
        }
        for reader in all { reader.continuation.finish() }
        wake.signal()
    }

    private func leave(_ id: Int) {
        readers.withLock { readers in
            guard let reader = readers.byID.removeValue(forKey: id) else { return }
            readers.byChannel[reader.channel]?.remove(id)
            if readers.byChannel[reader.channel]?.isEmpty == true {
                readers.byChannel[reader.channel] = nil
                readers.live.remove(reader.channel)
                readers.changes.append((reader.channel, false))
            }
        }
        wake.signal()
    }

    /// One turn of the thread: applies what readers asked for, then waits for an event. False when it is over.
    private func step(_ subscription: inout Subscription) -> Bool {
        wake.clear()
        let (changes, stopped) = readers.withLock { readers in
            defer { readers.changes = [] }
            return (readers.changes, readers.stopped)
        }
        if stopped { return false }
        for change in changes {
            switch (change.wanted, change.channel.contains("*")) {
            case (true, false): subscription.subscribe(change.channel)
            case (true, true): subscription.subscribe(pattern: change.channel)
            case (false, false): subscription.unsubscribe(change.channel)
            case (false, true): subscription.unsubscribe(pattern: change.channel)
            }
        }
        switch subscription.receive(within: .milliseconds(500), wake: wake.input) {
        case .subscribed(let channel):
            deliver(.subscribed, to: channel)
        case .message(let channel, let payload, let pattern):
            deliver(.message(channel: channel, payload: payload), to: pattern ?? channel)
        case .reconnected: readers.withLock { $0.live = [] }
        case nil: break
        }
        return true
    }

    private func deliver(_ event: Event, to channel: String) {
        let continuations = readers.withLock { readers in
            guard let ids = readers.byChannel[channel] else { return [AsyncStream<Event>.Continuation]() }
            if case .subscribed = event { readers.live.insert(channel) }
            return ids.compactMap { readers.byID[$0]?.continuation }
        }
        for continuation in continuations { continuation.yield(event) }
    }
}
