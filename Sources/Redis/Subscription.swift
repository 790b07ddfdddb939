/// A connection of its own that listens to channels and patterns, blocking, and mends itself.
public struct Subscription: ~Copyable {
    public enum Event: Sendable, Hashable {
        /// `pattern` names the pattern that matched, if it came by one.
        case message(channel: String, payload: [UInt8], pattern: String?)
        /// The server confirmed a channel or pattern: what is published from now on arrives.
        case subscribed(String)
        /// The connection was made again; messages published in between are lost. Confirmations follow.
        case reconnected
    }

    private let url: RedisURL
    private let name: String
    private let timeouts: RedisTimeouts
    private var channels: Set<String>
    private var patterns: Set<String>
    private var connection: RedisConnection?
    private var everConnected = false
    private var lastHeard = ContinuousClock.now
    private var pingSent = false
    private var retryAt = ContinuousClock.now
    private var pause = Duration.milliseconds(50)
    /// Silence after which the server is asked for a sign of life; as long again and the connection is made anew.
    private let patience = Duration.seconds(1)

    public init(
        _ url: RedisURL, name: String, channels: Set<String> = [], patterns: Set<String> = [],
        timeouts: RedisTimeouts = RedisTimeouts()
    ) {
        self.url = url
        self.name = name
        self.timeouts = timeouts
        self.channels = channels
        self.patterns = patterns
    }

    public mutating func subscribe(_ channel: String) {
        guard channels.insert(channel).inserted else { return }
        post("SUBSCRIBE", channel)
    }

    public mutating func unsubscribe(_ channel: String) {
        guard channels.remove(channel) != nil else { return }
        post("UNSUBSCRIBE", channel)
    }

    public mutating func subscribe(pattern: String) {
        guard patterns.insert(pattern).inserted else { return }
        post("PSUBSCRIBE", pattern)
    }

    public mutating func unsubscribe(pattern: String) {
        guard patterns.remove(pattern) != nil else { return }
        post("PUNSUBSCRIBE", pattern)
    }

    /// Waits for the next event, at most `limit`; nil when there is none, or when `wake` (a descriptor) has input.
    ///
    /// Connects when needed, with pauses up to half a second between attempts; failures are not thrown but waited out.
    public mutating func receive(within limit: Duration, wake: Int32 = -1) -> Event? {
        let deadline = ContinuousClock.now + limit
        if connection == nil {
            guard connect(before: deadline) else { return nil }
            if everConnected { return .reconnected }
            everConnected = true
        }
        while true {
            let now = ContinuousClock.now
            guard now < deadline || limit == .zero else { return nil }
            if now > lastHeard + patience {
                if pingSent && now > lastHeard + patience * 2 {
                    drop()
                    return nil
                }
                if !pingSent {
                    pingSent = true
                    post("PING", nil)
                }
            }
            do throws(RedisError) {
                let wait = min(deadline - now, patience / 2)
                guard let reply = try connection?.receive(within: wait, orInputOn: wake) else {
                    if connection == nil || wake >= 0 || limit == .zero { return nil }
                    continue
                }
                lastHeard = .now
                pingSent = false
                if let event = Self.event(reply) { return event }
            } catch {
                drop()
                return nil
            }
        }
    }

    private mutating func connect(before deadline: ContinuousClock.Instant) -> Bool {
        let now = ContinuousClock.now
        if retryAt > now {
            blockingSleep(min(retryAt, deadline) - now)
            guard retryAt <= .now else { return false }
        }
        do throws(RedisError) {
            var fresh = try RedisConnection.open(url, name: name, timeouts: timeouts)
            var commands = CommandBuffer()
            if !channels.isEmpty { commands.append(["SUBSCRIBE"] + channels.map { .text($0) }) }
            if !patterns.isEmpty { commands.append(["PSUBSCRIBE"] + patterns.map { .text($0) }) }
            if !commands.isEmpty { try fresh.post(commands) }
            connection = consume fresh
            pause = .milliseconds(50)
            lastHeard = .now
            pingSent = false
            return true
        } catch {
            retryAt = .now + pause
            pause = min(pause * 2, .milliseconds(500))
            return false
        }
    }

    private mutating func post(_ command: String, _ argument: String?) {
        var commands = CommandBuffer()
        commands.append(argument.map { [.text(command), .text($0)] } ?? [.text(command)])
        do throws(RedisError) { try connection?.post(commands) } catch { drop() }
    }

    private mutating func drop() {
        connection = nil
        retryAt = .now
    }

    private static func event(_ reply: RedisValue) -> Event? {
        guard let parts = reply.array, let kind = parts.first?.string else { return nil }
        switch kind {
        case "message" where parts.count == 3:
            return .message(channel: parts[1].string ?? "", payload: parts[2].bytes ?? [], pattern: nil)
        case "pmessage" where parts.count == 4:
            return .message(channel: parts[2].string ?? "", payload: parts[3].bytes ?? [], pattern: parts[1].string)
        case "subscribe", "psubscribe": return parts.count > 1 ? parts[1].string.map { .subscribed($0) } : nil
        default: return nil
        }
    }
}
