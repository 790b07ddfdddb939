extension Fault.Kind {
    /// What a fault breaks. Two faults do not break the same thing at the same time; different things they do.
    enum Subject: Sendable, Hashable {
        case process, network, helpers, storageCalls, clock
        case storage, redis, postgres

        /// Whether each worker has one of its own.
        var isOfOneWorker: Bool {
            switch self {
            case .process, .network, .helpers, .storageCalls, .clock: true
            case .storage, .redis, .postgres: false
            }
        }
    }

    /// Nil: over at once, so it may come in the middle of anything.
    var subject: Subject? {
        switch self {
        case .kill, .pause, .freeze, .terminate: .process
        case .halfOpen, .delay: .network
        case .cut, .clientKill, .scriptFlush: nil
        case .helperKill, .helperLimit, .helperOutOfMemory: .helpers
        case .storageError, .storageSlow: .storageCalls
        case .storageFull: .storage
        case .clockStep: .clock
        case .redisKill, .redisKillSynced, .failover, .flushAll, .redisSleep, .redisMemory: .redis
        case .postgresFast, .postgresImmediate: .postgres
        }
    }

    var concernsOneWorker: Bool { self == .cut || subject?.isOfOneWorker == true }

    /// How often it is drawn, compared with others: what is cheap to mend comes often.
    var weight: Double {
        switch self {
        case .cut: 20
        case .kill, .pause, .redisSleep: 12
        case .scriptFlush: 10
        case .halfOpen, .delay, .clientKill: 8
        case .helperKill: 5
        case .storageError, .storageSlow: 4
        case .terminate, .clockStep: 3
        case .helperLimit, .helperOutOfMemory: 2
        case .storageFull: 1.5
        case .freeze: 0.5
        case .redisKill, .redisKillSynced, .failover, .postgresFast, .redisMemory: 0.25
        case .flushAll, .postgresImmediate: 0.2
        }
    }

    /// How long the same subject is left alone afterwards.
    var rest: Duration {
        switch subject {
        case .process: .seconds(1)
        // A new primary takes connections at once, but servers that come back find their place in some seconds.
        case .redis: self == .redisSleep ? .milliseconds(500) : self == .failover ? .seconds(8) : .seconds(4)
        case .postgres: .seconds(4)
        case .network, .helpers, .storageCalls, .clock, .storage: .milliseconds(500)
        case nil: .zero
        }
    }

    /// - Parameters:
    ///   - part: 0..<1, where it stands between the shortest and the longest.
    ///   - isLong: whether it is one of the few that last.
    func length(_ part: Double, isLong: Bool, lease: Duration) -> Duration {
        func between(_ low: Duration, _ high: Duration) -> Duration { low + (high - low) * part }
        return switch self {
        case .kill: between(.zero, .milliseconds(1_500))
        case .pause: between(.milliseconds(50), .milliseconds(900))
        case .freeze: between(lease + .seconds(1), lease + .seconds(5))
        case .terminate: between(.zero, .seconds(1))
        case .halfOpen:
            isLong ? between(.seconds(1), lease + .seconds(3)) : between(.milliseconds(200), .seconds(2))
        case .delay: between(.milliseconds(500), .seconds(3))
        case .cut, .scriptFlush, .clientKill, .flushAll, .failover, .helperKill: .zero
        case .helperLimit: between(.milliseconds(500), .milliseconds(1_500))
        case .helperOutOfMemory: between(.milliseconds(1_500), .seconds(3))
        case .storageError, .storageFull: between(.milliseconds(300), .milliseconds(1_500))
        case .storageSlow: between(.milliseconds(500), .seconds(2))
        // The clock's library looks for a new time once a second.
        case .clockStep: between(.milliseconds(1_500), .seconds(4))
        case .redisSleep:
            isLong ? between(.milliseconds(500), .seconds(2)) : between(.milliseconds(50), .milliseconds(200))
        case .redisMemory: between(.milliseconds(500), .seconds(2))
        case .redisKill, .redisKillSynced, .postgresFast, .postgresImmediate:
            between(.milliseconds(100), .seconds(2))
        }
    }
}
