import JobQueue
import Logging
import Observability
import Synchronization

/// Refuses new work while Redis is nearly full, so that what is accepted already has room to be done.
///
/// Looks at most once a second. A Redis that does not answer holds nobody up: the record accepts for it.
final class MemoryWatermark: Sendable {
    private struct State {
        var lookedAt: ContinuousClock.Instant?
        var memory: RedisMemory?
    }

    private static let interval = Duration.seconds(1)
    private let queue: JobQueue
    /// 1…100, of Redis' `maxmemory`.
    private let percent: Int
    private let logger: Logger
    private let state = Mutex(State())

    init(queue: JobQueue, percent: Int, metrics: Metrics, logger: Logger) {
        self.queue = queue
        self.percent = percent
        self.logger = logger
        metrics.collect { [weak self] in self?.samples() ?? [] }
    }

    /// - Throws: 503 naming the limit.
    func check() async throws {
        await look()
        guard let memory = state.withLock({ $0.memory }), let used = memory.percent, memory.isOver(percent: percent)
        else { return }
        // Redis itself refuses now.
        if used >= 100 { throw JobQueueError.redisOutOfMemory }
        throw Problem.memoryWatermark(usedPercent: used, allowedPercent: percent)
    }

    /// Brings what is known up to date, if it is older than a second.
    func look() async {
        let now = ContinuousClock.now
        let isOurs = state.withLock { state in
            if let lookedAt = state.lookedAt, now - lookedAt < Self.interval { return false }
            state.lookedAt = now
            return true
        }
        guard isOurs else { return }
        do {
            let memory = try await queue.memory()
            let before = state.withLock { state in
                defer { state.memory = memory }
                return state.memory
            }
            let (was, isOver) = (before?.isOver(percent: percent) ?? false, memory.isOver(percent: percent))
            if was != isOver {
                logger.warning(
                    isOver ? "Redis is nearly full; no jobs are accepted" : "Redis has room again; jobs are accepted",
                    metadata: ["percent": "\(memory.percent ?? 0)", "watermark": "\(percent)"])
            }
        } catch {
            state.withLock { $0.memory = nil }
            logger.debug("Redis does not tell its memory", metadata: ["reason": "\(error)"])
        }
    }

    private func samples() -> [Metrics.Sample] {
        guard let memory = state.withLock({ $0.memory }) else { return [] }
        return [
            .init("flotilla_redis_memory_bytes", "Memory that Redis uses.", Double(memory.usedBytes)),
            .init("flotilla_redis_memory_limit_bytes", "Redis' maxmemory; 0: none.", Double(memory.limitBytes ?? 0)),
            .init(
                "flotilla_redis_memory_watermark_reached", "1 while no jobs are accepted for lack of Redis memory.",
                memory.isOver(percent: percent) ? 1 : 0),
        ]
    }
}
