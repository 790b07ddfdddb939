internal import CrashPoints

/// Deadlines of a connection. The defaults suit commands that answer at once.
public struct RedisTimeouts: Sendable, Hashable {
    public var connect: Duration
    /// For each answer; a blocking command adds its own block time.
    public var command: Duration

    public init(connect: Duration = .seconds(2), command: Duration = .seconds(5)) {
        self.connect = connect
        self.command = command
    }
}

/// One blocking connection. It belongs to one thread at a time and never to the cooperative pool.
///
/// After an error with `breaksConnection` or `isMisdirected` it is spent: open another one.
public struct RedisConnection: ~Copyable {
    private var transport: SocketTransport
    private let reader: ReplyReader
    private let timeouts: RedisTimeouts
    private var input = [UInt8](repeating: 0, count: 65_536)
    private var scripts: [ObjectIdentifier: [UInt8]] = [:]
    /// The first error that made this connection unusable.
    public private(set) var failure: RedisError?
    /// What `CLIENT ID` said at the start; `CLIENT UNBLOCK` takes it.
    public private(set) var clientID: Int64 = 0

    private init(transport: consuming SocketTransport, reader: consuming ReplyReader, timeouts: RedisTimeouts) {
        self.transport = transport
        self.reader = reader
        self.timeouts = timeouts
    }

    /// Connects to one server, without a word to it.
    static func connect(
        to node: RedisNode, _ tls: RedisTLS?, _ timeouts: RedisTimeouts
    ) throws(RedisError) -> RedisConnection {
        let transport = try SocketTransport.connect(
            to: node, tls: tls, connectTimeout: timeouts.connect, ioTimeout: timeouts.command)
        return RedisConnection(transport: transport, reader: try ReplyReader.make(), timeouts: timeouts)
    }

    /// Signs in, selects the database and tells the server the connection's name.
    mutating func greet(_ url: RedisURL, name: String) throws(RedisError) {
        var greeting = CommandBuffer()
        if let signIn = url.signIn { greeting.append(signIn) }
        if url.database != 0 { greeting.append("SELECT", .int(url.database)) }
        greeting.append("CLIENT", "SETNAME", .text(String(name.map { $0.isLetter || $0.isNumber ? $0 : "-" })))
        greeting.append("CLIENT", "ID")
        for reply in try pipeline(greeting) { clientID = try reply.get().int ?? 0 }
    }

    /// Sends one command and waits for its reply.
    ///
    /// - Throws: ``RedisError``: an error reply with its typed code, or what broke the connection.
    @discardableResult
    public mutating func send(_ arguments: RedisArgument...) throws(RedisError) -> RedisValue {
        try send(arguments)
    }

    @discardableResult
    public mutating func send(
        _ arguments: [RedisArgument], blockingFor block: Duration = .zero
    ) throws(RedisError) -> RedisValue {
        try exchange(CommandBuffer(arguments), blockingFor: block)[0].get()
    }

    /// Sends all commands in one write and returns one reply each; error replies stand in the array.
    ///
    /// - Parameter meanwhile: done after the write, while the server works.
    public mutating func pipeline(
        _ commands: CommandBuffer, meanwhile: () -> Void = {}
    ) throws(RedisError) -> [RedisValue] {
        try exchange(commands, blockingFor: .zero, meanwhile: meanwhile)
    }

    private mutating func exchange(
        _ commands: CommandBuffer, blockingFor block: Duration, meanwhile: () -> Void = {}
    ) throws(RedisError) -> [RedisValue] {
        if let failure { throw failure }
        do throws(RedisError) {
            transport.setReadTimeout(timeouts.command + block)
            CrashPoint.pass("before Redis")
            try transport.write(commands.bytes)
            CrashPoint.pass("sent to Redis")
            meanwhile()
            var replies: [RedisValue] = []
            replies.reserveCapacity(commands.count)
            while replies.count < commands.count {
                if let reply = try nextReply() {
                    replies.append(reply)
                } else {
                    let count = try transport.read(into: &input)
                    try reader.feed(input, count: count)
                }
            }
            return replies
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func nextReply() throws(RedisError) -> RedisValue? {
        guard let reply = try reader.next() else { return nil }
        if case .error(let error) = reply, error.isMisdirected, failure == nil { failure = error }
        return reply
    }

    /// Runs a script by its digest; loads it where the server does not know it (restart, failover, `SCRIPT FLUSH`).
    public mutating func run(
        _ script: Script, keys: [RedisArgument], _ arguments: [RedisArgument] = []
    ) throws(RedisError) -> RedisValue {
        for _ in 0..<5 {
            let digest = try digest(of: script)
            do throws(RedisError) {
                return try send(["EVALSHA", .bytes(digest), .int(keys.count)] + keys + arguments)
            } catch {
                guard error.code == .noScript else { throw error }
                scripts.removeAll()
            }
        }
        throw RedisError(.noScript, "the server forgets the script \(script.name) as soon as it is loaded")
    }

    /// The digest `EVALSHA` takes, for callers that pipeline scripts; the script is loaded at its first use.
    public mutating func digest(of script: Script) throws(RedisError) -> [UInt8] {
        if let known = scripts[ObjectIdentifier(script)] { return known }
        guard let digest = try send("SCRIPT", "LOAD", .bytes(script.source)).bytes else {
            throw RedisError(.badReply, "SCRIPT LOAD answered without a digest")
        }
        scripts[ObjectIdentifier(script)] = digest
        return digest
    }

    /// After `NOSCRIPT` in a pipeline: digests are asked for again.
    public mutating func forgetScripts() { scripts.removeAll() }

    /// The next reply to what was posted, or that comes unasked (pub/sub); nil when none comes in time or `other` has
    /// input.
    public mutating func receive(within limit: Duration, orInputOn other: Int32) throws(RedisError) -> RedisValue? {
        if let failure { throw failure }
        do throws(RedisError) {
            if let reply = try nextReply() { return reply }
            guard transport.wait(for: 1, atMost: limit, orInputOn: other) else { return nil }
            // Half a TLS record makes the socket readable as well.
            let count = try transport.read(into: &input, waits: false)
            guard count > 0 else { return nil }
            try reader.feed(input, count: count)
            return try nextReply()
        } catch {
            failure = error
            throw error
        }
    }

    /// Writes without waiting for replies: ``receive(within:orInputOn:)`` has them.
    public mutating func post(_ commands: CommandBuffer) throws(RedisError) {
        if let failure { throw failure }
        do throws(RedisError) { try transport.write(commands.bytes) } catch {
            failure = error
            throw error
        }
    }
}
