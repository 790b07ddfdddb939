import Redis

extension JobQueue {
    /// `INCR key`: what the built-in `echo` job does once an execution, so that executions can be counted.
    ///
    /// - Throws: `.invalid` for a key of the queue itself, or one that holds no number.
    public func increment(_ key: String) async throws(JobQueueError) {
        guard !key.hasPrefix("{\(settings.namespace)}") else {
            throw .invalid("keys of the queue itself cannot be incremented")
        }
        let reply: RedisValue
        do {
            reply = try await client.send([.text("INCR"), .text(key)])
        } catch {
            throw JobQueueError(error)
        }
        if case .integer = reply { return }
        throw .invalid("the key holds no number")
    }
}
