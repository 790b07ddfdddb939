/// One connection on a thread of its own; made again when it breaks.
actor RedisLane {
    private let executor: ThreadExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let url: RedisURL
    private let name: String
    private let timeouts: RedisTimeouts
    private var connection: RedisConnection?
    private var lastFailure: RedisError?
    private var retryAt = ContinuousClock.now
    private var pause = Duration.milliseconds(50)
    private var closed = false

    init(url: RedisURL, name: String, timeouts: RedisTimeouts) {
        self.url = url
        self.name = name
        self.timeouts = timeouts
        executor = ThreadExecutor(name: "redis")
    }

    func send(_ arguments: [RedisArgument], idempotent: Bool) throws(RedisError) -> RedisValue {
        try attempt(idempotent: idempotent) { (connection: inout RedisConnection) throws(RedisError) in
            try connection.send(arguments)
        }
    }

    func pipeline(_ commands: CommandBuffer, idempotent: Bool) throws(RedisError) -> [RedisValue] {
        try attempt(idempotent: idempotent) { (connection: inout RedisConnection) throws(RedisError) in
            let replies = try connection.pipeline(commands)
            let refusals = replies.compactMap { reply in
                if case .error(let error) = reply, error.isMisdirected { error } else { nil }
            }
            // Of those that have run none may run twice.
            if let refusal = refusals.first, idempotent || refusals.count == replies.count { throw refusal }
            return replies
        }
    }

    func run(
        _ script: Script, keys: [RedisArgument], arguments: [RedisArgument], idempotent: Bool
    ) throws(RedisError) -> RedisValue {
        try attempt(idempotent: idempotent) { (connection: inout RedisConnection) throws(RedisError) in
            try connection.run(script, keys: keys, arguments)
        }
    }

    func close() {
        closed = true
        connection = nil
    }

    private func attempt<Value>(
        idempotent: Bool, _ body: (inout RedisConnection) throws(RedisError) -> Value
    ) throws(RedisError) -> Value {
        do throws(RedisError) { return try once(body) } catch {
            let mayRepeat = idempotent && error.breaksConnection && error.code != .timeout
            guard mayRepeat || error.isMisdirected else { throw error }
            return try once(body)
        }
    }

    private func once<Value>(
        _ body: (inout RedisConnection) throws(RedisError) -> Value
    ) throws(RedisError) -> Value {
        if closed { throw RedisError(.closed, "the client was closed") }
        if var open = connection.take() {
            let result = Result { () throws(RedisError) in try body(&open) }
            return try settle(result, open)
        }
        if let lastFailure, retryAt > .now { throw lastFailure }
        var fresh: RedisConnection
        do throws(RedisError) {
            fresh = try RedisConnection.open(url, name: name, timeouts: timeouts)
        } catch {
            lastFailure = error
            retryAt = .now + pause
            pause = min(pause * 2, .milliseconds(500))
            throw error
        }
        pause = .milliseconds(50)
        lastFailure = nil
        let result = Result { () throws(RedisError) in try body(&fresh) }
        return try settle(result, fresh)
    }

    /// Keeps the connection unless it is spent, or its server cannot serve writes any more.
    private func settle<Value>(
        _ result: Result<Value, RedisError>, _ used: consuming RedisConnection
    ) throws(RedisError) -> Value {
        var keep = used.failure == nil
        if case .failure(let error) = result, error.passes { keep = false }
        if keep { connection = consume used }
        return try result.get()
    }
}
