import Foundation
import Logging
import Model
import Redis
import Synchronization
import TestServers
import Testing

@testable import JobQueue

/// A queue of its own (a namespace, or a whole server) with quick timings.
struct Rig {
    let server: RedisServer
    let settings: QueueSettings
    let url: RedisURL
    let client: RedisClient
    let queue: JobQueue
    var keys: Keys { queue.keys }

    /// - Parameter place: where Redis is; nil: at `server`.
    init(server: RedisServer? = nil, at place: String? = nil, tune: (inout QueueSettings) -> Void = { _ in }) throws {
        self.server = try server ?? RedisServer.shared.get()
        var settings = QueueSettings()
        settings.namespace = "t\(UInt32.random(in: 0...UInt32.max))"
        settings.sweepInterval = .milliseconds(200)
        settings.siblingInterval = .milliseconds(200)
        settings.heartbeat = .milliseconds(300)
        settings.backoff = Backoff(base: .milliseconds(10), cap: .milliseconds(40))
        tune(&settings)
        self.settings = settings
        var url = try RedisURL(place ?? self.server.url)
        url.tag = settings.namespace
        self.url = url
        client = RedisClient(url, name: "test")
        queue = JobQueue(client: client, settings: settings)
    }

    /// What any program in any language does.
    func push(_ raw: String, to queue: QueueName = .scan) async throws {
        try await client.send(["LPUSH", .text("{\(settings.namespace)}:queue:\(queue.rawValue)"), .text(raw)])
    }

    func list(_ key: String) async throws -> [String] {
        try await client.send(["LRANGE", .text(key), 0, -1]).array?.compactMap(\.string) ?? []
    }

    func count(_ command: RedisArgument, _ key: String) async throws -> Int {
        Int(try await client.send([command, .text(key)]).int ?? -1)
    }

    func stats(_ name: QueueName = .scan) async throws -> QueueStats {
        try #require(try await queue.queues().first { $0.queue == name })
    }
}

/// A worker whose handler is a closure: nil means that the job is held until the test finishes it.
final class TestWorker: Sendable {
    let consumer: Consumer
    private let log: Log

    final class Log: Sendable {
        struct Entries {
            var claims: [Claim] = []
            /// Taken on the consumer's own threads, so that a busy test process does not blur them.
            var claimedAt: [ContinuousClock.Instant] = []
            var abandonedAt: ContinuousClock.Instant?
            var cancelled: [Claim] = []
            var abandoned: [Claim] = []
            var ended: [(JobEnvelope, JobState, JobFailure)] = []
        }
        let entries = Mutex(Entries())
        let consumer = Mutex<Consumer?>(nil)
    }

    init(
        _ rig: Rig, queue: QueueName = .scan, slots: Int = 4, kinds: Set<String> = ["echo"],
        settings: QueueSettings? = nil,
        handler: @escaping @Sendable (Claim) -> Outcome? = { _ in nil },
        immediate: @escaping @Sendable (Claim) -> Outcome? = { _ in nil },
        fenceFloor: (@Sendable (String, @escaping @Sendable (Int64) -> Void) -> Void)? = nil
    ) {
        let log = Log()
        self.log = log
        consumer = Consumer(
            redis: rig.url, queue: queue, slots: slots, settings: settings ?? rig.settings, version: "test",
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), knows: { kinds.contains($0) },
            callbacks: ConsumerCallbacks(
                perform: { claim, _ in
                    log.entries.withLock {
                        $0.claims.append(claim)
                        $0.claimedAt.append(.now)
                    }
                    if let outcome = handler(claim) { log.consumer.withLock { $0 }?.finish(claim, outcome) }
                },
                immediate: immediate, cancel: { claim in log.entries.withLock { $0.cancelled.append(claim) } },
                abandon: { claims in
                    log.entries.withLock {
                        $0.abandoned += claims
                        $0.abandonedAt = .now
                    }
                },
                endedUnrun: { envelope, state, failure in
                    log.entries.withLock { $0.ended.append((envelope, state, failure)) }
                }, fenceFloor: fenceFloor))
        log.consumer.withLock { $0 = consumer }
        consumer.start()
    }

    deinit {
        consumer.shutDown()
        log.consumer.withLock { $0 = nil }
    }

    var claims: [Claim] { log.entries.withLock { $0.claims } }
    var cancelled: [Claim] { log.entries.withLock { $0.cancelled } }
    var abandoned: [Claim] { log.entries.withLock { $0.abandoned } }
    var ended: [(JobEnvelope, JobState, JobFailure)] { log.entries.withLock { $0.ended } }

    func claimedAt(_ number: Int) -> ContinuousClock.Instant { log.entries.withLock { $0.claimedAt[number] } }
    var abandonedAt: ContinuousClock.Instant? { log.entries.withLock { $0.abandonedAt } }

    /// Waits for the claim with this number, counting from zero.
    func claim(_ number: Int = 0) async throws -> Claim {
        try await eventually("claim \(number)") { self.claims.count > number }
        return claims[number]
    }
}

func echo(_ text: String = "x", id: JobID = .random(), attempts: Int = 5) -> JobEnvelope {
    JobEnvelope(id: id, kind: "echo", payload: ["text": .string(text)], maxAttempts: attempts)
}
