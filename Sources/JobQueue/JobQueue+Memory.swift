internal import Redis

/// How full Redis is.
public struct RedisMemory: Sendable, Hashable {
    public var usedBytes: Int64
    /// `maxmemory`; nil: no limit is set.
    public var limitBytes: Int64?

    public init(usedBytes: Int64, limitBytes: Int64?) {
        self.usedBytes = usedBytes
        self.limitBytes = limitBytes
    }

    /// Of the limit, rounded down; nil without one.
    public var percent: Int? {
        limitBytes.map { limit in Int((Double(usedBytes) / Double(max(limit, 1)) * 100).rounded(.down)) }
    }

    /// Whether the API takes no more jobs.
    public func isOver(percent watermark: Int) -> Bool { percent.map { $0 >= watermark } ?? false }
}

extension JobQueue {
    /// What the Redis that has this queue says of its memory.
    public func memory() async throws(JobQueueError) -> RedisMemory {
        let text = try await send(["INFO", "memory"]).string ?? ""
        func field(_ name: String) -> Int64? {
            text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
                .flatMap { Int64($0.dropFirst(name.count + 1)) }
        }
        guard let used = field("used_memory") else { throw .unexpectedReply("INFO memory") }
        return RedisMemory(usedBytes: used, limitBytes: field("maxmemory").flatMap { $0 > 0 ? $0 : nil })
    }
}
