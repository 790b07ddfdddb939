public import Catalog
import Foundation
public import JobQueue
public import Logging
public import Model
public import Observability
public import Redis

/// Claims the jobs of one queue and runs them, until it is told to stop.
///
/// The consumer's OS threads talk to Redis; each claim becomes a task on ``JobThreads``.
public final class WorkerRuntime: Sendable {
    /// What a runtime needs from its surroundings.
    public struct Environment: Sendable {
        public var redisURL: RedisURL
        public var settings: QueueSettings
        public var catalog: Catalog
        public var metrics: Metrics
        public var logger: Logger
        /// A job of the queue ended without running here: the record has to follow.
        public var endedUnrun: @Sendable (JobEnvelope, JobState, JobFailure) async -> Void
        /// Where fences go on from on a Redis that may have lost count, see `Catalog.fenceFloor(of:)`. Asked again
        /// until it answers. Nil: the record has no fences to keep.
        public var fenceFloor: (@Sendable (_ redis: String) async throws -> Int64)?

        public init(
            redisURL: RedisURL, settings: QueueSettings, catalog: Catalog, metrics: Metrics, logger: Logger,
            endedUnrun: @escaping @Sendable (JobEnvelope, JobState, JobFailure) async -> Void,
            fenceFloor: (@Sendable (_ redis: String) async throws -> Int64)? = nil
        ) {
            self.redisURL = redisURL
            self.settings = settings
            self.catalog = catalog
            self.metrics = metrics
            self.logger = logger
            self.endedUnrun = endedUnrun
            self.fenceFloor = fenceFloor
        }
    }

    private struct Unrun: Sendable {
        let envelope: JobEnvelope
        let state: JobState
        let failure: JobFailure
    }

    private let consumer: Consumer
    private let running: RunningAttempts
    private let floors: FenceFloors?
    private let unrun: AsyncStream<Unrun>
    private let noteUnrun: AsyncStream<Unrun>.Continuation
    private let endedUnrun: @Sendable (JobEnvelope, JobState, JobFailure) async -> Void

    /// - Parameter slots: jobs at a time, 1 or more.
    public init(_ role: WorkerRole, slots: Int, _ environment: Environment) {
        let (unrun, noteUnrun) = AsyncStream.makeStream(of: Unrun.self)
        let running = RunningAttempts()
        let kinds = Set(role.handlers.map(\.kind))
        let threads = JobThreads(count: slots, name: role.queue.rawValue)
        let runner = AttemptRunner(
            role: role, record: SingleJobs(catalog: environment.catalog), running: running,
            policy: RetryPolicy(environment.settings), metrics: WorkerMetrics(environment.metrics, role: role),
            logger: environment.logger)
        self.unrun = unrun
        self.noteUnrun = noteUnrun
        self.running = running
        endedUnrun = environment.endedUnrun
        let floors = environment.fenceFloor.map { FenceFloors(source: $0, logger: environment.logger) }
        self.floors = floors
        let perform: @Sendable (Claim, Consumer) -> Void = { claim, consumer in
            running.begin(claim)
            // Unstructured, as each attempt is stopped by itself; the consumer counts them, and stop() waits for that
            // count.
            let task = Task(executorPreference: threads) { await runner.run(claim, for: consumer) }
            running.attach(task, to: claim)
        }
        consumer = Consumer(
            redis: environment.redisURL, queue: role.queue, slots: slots, settings: environment.settings,
            version: Release.version, logger: environment.logger, knows: { kinds.contains($0) },
            callbacks: ConsumerCallbacks(
                perform: perform,
                prepare: { claim, consumer in threads.keepingFirst { perform(claim, consumer) } ?? {} },
                immediate: { runner.immediate($0) },
                cancel: { running.stop($0.ticket, .cancelled) },
                abandon: { claims in for claim in claims { running.stop(claim.ticket, .abandoned) } },
                endedUnrun: { noteUnrun.yield(Unrun(envelope: $0, state: $1, failure: $2)) },
                fenceFloor: floors?.ask(of:_:)))
    }

    public var status: ConsumerStatus { consumer.status }

    /// Claims and runs until ``stop(grace:)`` is called.
    public func run() async {
        consumer.start()
        await withDiscardingTaskGroup { group in
            group.addTask { [running] in
                while (try? await Task.sleep(for: .milliseconds(100), tolerance: .milliseconds(20))) != nil {
                    running.stopOverdue(at: .now)
                }
            }
            for await end in unrun {
                // Not awaited here: a database that is away must not keep others waiting.
                Task { await endedUnrun(end.envelope, end.state, end.failure) }
            }
            group.cancelAll()
        }
    }

    /// Stops claiming, lets running jobs end within `grace`, gives the rest back to the front of the queue, and leaves
    /// the registry. ``run()`` returns afterwards.
    public func stop(grace: Duration) async {
        consumer.drain()
        let deadline = ContinuousClock.now + grace
        while consumer.status.running > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        running.stopAll(.released)
        await withCheckedContinuation { done in
            Thread.detachNewThread { [consumer] in
                consumer.stop(grace: .seconds(2))
                done.resume()
            }
        }
        floors?.stop()
        noteUnrun.finish()
    }
}
