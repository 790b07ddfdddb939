import Catalog
import Foundation
public import HelperProtocol
import JobQueue
public import Logging
public import Model
import ObjectStorage
public import Observability
public import Settings
public import Worker

/// What a worker executable does from start to exit; the four of them differ in their handlers only.
public struct WorkerProcess: Sendable {
    public let fleet: Fleet
    public let settings: WorkerSettings
    public let media: MediaSettings
    public let logger: Logger

    /// The handlers of a worker, the checks of its helpers, and how these end.
    public struct Crew: Sendable {
        public var handlers: [any JobHandler]
        public var checks: [Readiness.Check]
        public var close: @Sendable () async -> Void

        public init(
            handlers: [any JobHandler], checks: [Readiness.Check] = [], close: @escaping @Sendable () async -> Void = {}
        ) {
            self.handlers = handlers
            self.checks = checks
            self.close = close
        }
    }

    /// Runs until SIGTERM or SIGINT, then hands back what it holds within the grace.
    ///
    /// - Returns: the exit status: 0, or 78 after a wrong setting, which it has printed.
    @concurrent
    public static func run(_ name: String, queue: QueueName, crew: (WorkerProcess) async throws -> Crew) async -> Int32
    {
        signal(SIGPIPE, SIG_IGN)
        let stop = StopSignals()
        do {
            let read = try SettingsReader()
            let common = try CommonSettings(read)
            let logger = common.startLogging(service: name)
            let process = WorkerProcess(
                fleet: try Fleet.open(as: name, read, logger: logger), settings: try WorkerSettings(read),
                media: try MediaSettings(read), logger: logger)
            try await process.serve(queue, try await crew(process), stop)
            return 0
        } catch let error as SettingError {
            LogSink.standardError.write("\(name): \(error)\n")
            return SettingError.exitStatus
        } catch {
            LogSink.standardError.write("\(name): \(error)\n")
            return 1
        }
    }

    /// The launch of a helper that lies beside this executable or where the settings say.
    public func helper(_ name: String, _ arguments: [String], interruption: HelperLaunch.Interruption = .kill)
        -> HelperLaunch
    {
        let beside = (CommandLine.executablePath as NSString).deletingLastPathComponent
        return HelperLaunch(
            executable: (settings.helperDirectory ?? beside) + "/" + name, arguments: arguments,
            interruption: interruption)
    }

    public var recycling: HelperRecycling {
        HelperRecycling(maxJobs: settings.helperMaxJobs, maxResidentBytes: settings.helperRecycleBytes)
    }

    private func serve(_ queue: QueueName, _ crew: Crew, _ stop: StopSignals) async throws {
        let metrics = Metrics()
        metrics.collectProcess()
        let unrun = UnrunJobs(catalog: fleet.catalog, queue: fleet.queue, recipes: fleet.recipes, logger: logger)
        let runtime = WorkerRuntime(
            WorkerRole(queue: queue, handlers: crew.handlers + [EchoHandler(queue: fleet.queue)]),
            slots: settings.slots,
            WorkerRuntime.Environment(
                redisURL: fleet.redisURL, settings: fleet.queueSettings, catalog: fleet.catalog,
                metrics: metrics, logger: logger, endedUnrun: { await unrun.ended($0, $1, $2) },
                fenceFloor: { [catalog = fleet.catalog] in try await catalog.fenceFloor(of: $0) }))
        let readiness = Readiness(baseChecks(runtime) + crew.checks)
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let address = fleet.settings.metricsAddress {
                let server = try await HealthServer.bind(
                    address, metrics: metrics, readiness: readiness, logger: logger)
                group.addTask { try await server.run() }
            }
            group.addTask { await runtime.run() }
            logger.info("started", metadata: ["queue": "\(queue.rawValue)", "slots": "\(settings.slots)"])
            await stop.wait()
            logger.info("stopping", metadata: ["grace_seconds": "\(fleet.settings.grace.components.seconds)"])
            await readiness.stop()
            await runtime.stop(grace: max(.zero, fleet.settings.grace - .seconds(3)))
            await crew.close()
            group.cancelAll()
        }
        logger.info("stopped")
    }

    private func baseChecks(_ runtime: WorkerRuntime) -> [Readiness.Check] {
        [
            Readiness.Check("redis") {
                guard runtime.status.isConnected else { throw NotReady("the queue's connection is down") }
                return nil
            },
            Readiness.Check("postgres") { [catalog = fleet.catalog] in
                try await catalog.ping()
                return nil
            },
            Readiness.Check("storage") { [store = fleet.store] in
                try await onBlockingThread { try store.probe() }
                return nil
            },
        ]
    }
}

/// Why a readiness check fails.
public struct NotReady: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

extension CommandLine {
    /// Where this program's file is.
    static var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments.first ?? ""
    }
}
