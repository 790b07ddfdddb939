import Catalog
import Foundation
import Hummingbird
import HummingbirdCore
import JobQueue
public import Logging
import Model
import NIOCore
import NIOPosix
import ObjectStorage
public import Observability
public import Pipeline
import Redis
import ServiceLifecycle
public import Settings
import UnixSignals

/// The HTTP API of the fleet, with the loops that keep queue and record together.
public struct APIServer: Sendable {
    /// Disk threads: enough for the uploads and downloads that one disk serves well at a time.
    private static let blockingThreads = 8
    /// Longer than any upload takes: another machine's open ones cannot be told from leftovers.
    private static let leftoverAge = Duration.seconds(86_400)

    private let fleet: Fleet
    private let settings: APISettings
    private let metrics: Metrics
    private let logger: Logger

    public init(fleet: Fleet, settings: APISettings, metrics: Metrics, logger: Logger) {
        self.fleet = fleet
        self.settings = settings
        self.metrics = metrics
        self.logger = logger
    }

    /// Migrates the schema, then serves until SIGTERM or SIGINT, and ends what is open within the grace.
    ///
    /// - Parameter onListening: told the port once requests are taken.
    /// - Throws: what keeps the API from starting; a bound address is a ``SettingError``.
    public func run(onListening: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        try await fleet.catalog.migrate()
        let blocking = NIOThreadPool(numberOfThreads: Self.blockingThreads)
        blocking.start()
        let subscriber = RedisSubscriber(fleet.redisURL, name: "flotilla-api")
        let services = services(subscriber, blocking)
        let sweeper = sweeper()
        sweeper.start()
        defer {
            sweeper.stop()
            subscriber.close()
        }
        let reconciler = Reconciler(
            catalog: fleet.catalog, queue: fleet.queue, recipes: fleet.recipes, age: fleet.tuning.reconcileAge,
            logger: logger)
        let interval = fleet.tuning.reconcileInterval
        let application = application(services, onListening)
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: application),
                .init(service: Loop { await reconciler.run(every: interval) }),
                .init(service: Loop { await removeLeftovers(blocking) }),
                .init(service: StoppingNotice(readiness: services.readiness)),
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = fleet.settings.grace
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError
            where error.errnoCode == EADDRINUSE || error.errnoCode == EADDRNOTAVAIL
            || error.errnoCode == EACCES
        {
            throw SettingError(variable: "FLOTILLA_API_ADDR", problem: "cannot listen on \(settings.address): \(error)")
        }
        try await blocking.shutdownGracefully()
    }

    /// What uploads and deletions leave in the storage when their process dies.
    private func removeLeftovers(_ blocking: NIOThreadPool) async {
        while !Task.isCancelled {
            do {
                try await blocking.runIfActive { [store = fleet.store] in
                    _ = try store.removeStale(olderThan: Self.leftoverAge)
                }
            } catch {
                logger.warning("Leftovers in the storage could not be removed", metadata: ["reason": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(3600))
        }
    }

    private func services(_ subscriber: RedisSubscriber, _ blocking: NIOThreadPool) -> APIServices {
        APIServices(
            settings: settings, acceptedTypes: AcceptedTypes(settings.acceptTypes), catalog: fleet.catalog,
            queue: fleet.queue,
            batches: BatchControl(
                catalog: fleet.catalog, queue: fleet.queue, store: fleet.store, recipes: fleet.recipes),
            store: fleet.store, recipes: fleet.recipes, subscriber: subscriber, readiness: readiness(blocking),
            watermark: MemoryWatermark(
                queue: fleet.queue, percent: fleet.tuning.redisMemoryPercent, metrics: metrics, logger: logger),
            metrics: metrics, figures: RequestFigures(metrics), blocking: blocking, logger: logger)
    }

    private func readiness(_ blocking: NIOThreadPool) -> Readiness {
        Readiness([
            .init("redis") { [queue = fleet.queue] in
                _ = try await queue.marker()
                return nil
            },
            .init("postgres") { [catalog = fleet.catalog] in
                try await catalog.ping()
                return nil
            },
            .init("storage") { [store = fleet.store] in
                try await blocking.runIfActive { try store.probe() }
                return nil
            },
        ])
    }

    private func sweeper() -> Sweeper {
        let unrun = UnrunJobs(
            catalog: fleet.catalog, queue: fleet.queue, recipes: fleet.recipes, logger: logger)
        return Sweeper(redis: fleet.redisURL, settings: fleet.queueSettings, logger: logger) {
            envelope, state, failure in
            // Unstructured, because the sweeper's thread must not wait; each writes one row and ends.
            Task { await unrun.ended(envelope, state, failure) }
        }
    }

    private func application(
        _ services: APIServices, _ onListening: @escaping @Sendable (Int) async -> Void
    ) -> some Service {
        let front = Front(
            table: RouteTable(routes: services.routes), authenticator: Authenticator(catalog: fleet.catalog),
            figures: services.figures, logger: logger)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return Application(
            responder: front,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [UnreadBodyLimit()], idleTimeout: .seconds(60),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
            configuration: .init(address: .hostname(settings.address.host, port: settings.address.port)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) }, logger: quiet)
    }
}

/// Work that goes on until the process stops.
private struct Loop: Service {
    let body: @Sendable () async -> Void

    func run() async throws { await cancelWhenGracefulShutdown { await body() } }
}

/// Turns readiness off as soon as the process is told to stop, so that nobody sends it new requests.
private struct StoppingNotice: Service {
    let readiness: Readiness

    func run() async throws {
        try? await gracefulShutdown()
        await readiness.stop()
    }
}
