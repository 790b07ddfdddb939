public import Model
public import Redis

/// Why the queue did not do what it was asked.
public enum JobQueueError: Error, Sendable, Hashable {
    /// The queue holds as many jobs as it may: try again later.
    case queueFull(QueueName, limit: Int)
    /// Redis' `maxmemory` is reached: try again later.
    case redisOutOfMemory
    /// Redis is away, starting, or has lost its primary: try again shortly.
    case unavailable(RedisError)
    /// The envelope can never be queued; the text says why.
    case invalid(String)
    /// An answer that is not ours: another program uses these keys.
    case unexpectedReply(String)
}

extension JobQueueError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .queueFull(let queue, let limit): "queue \(queue.rawValue) is full: \(limit) jobs wait"
        case .redisOutOfMemory: "Redis is out of memory"
        case .unavailable(let error): "\(error)"
        case .invalid(let reason): reason
        case .unexpectedReply(let script): "the script \(script) got an answer that is not the queue's"
        }
    }

    init(_ error: RedisError) {
        self = error.code == .outOfMemory ? .redisOutOfMemory : .unavailable(error)
    }
}
