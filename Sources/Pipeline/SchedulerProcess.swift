import Catalog
import Foundation
import Logging
import Observability
import Settings

/// What `flotilla-cron` does from start to exit.
public enum SchedulerProcess {
    /// - Returns: the exit status: 0, or 78 after a wrong setting, which it has printed.
    @concurrent
    public static func run() async -> Int32 {
        let name = "flotilla-cron"
        let stop = StopSignals()
        do {
            let read = try SettingsReader()
            let common = try CommonSettings(read)
            let logger = common.startLogging(service: name)
            let fleet = try Fleet.open(as: name, read, logger: logger)
            let metrics = Metrics()
            metrics.collectProcess()
            let readiness = Readiness([
                Readiness.Check("postgres") {
                    try await fleet.catalog.ping()
                    return nil
                }
            ])
            try await withThrowingTaskGroup(of: Void.self) { group in
                if let address = common.metricsAddress {
                    let server = try await HealthServer.bind(
                        address, metrics: metrics, readiness: readiness, logger: logger)
                    group.addTask { try await server.run() }
                }
                group.addTask { await watch(Scheduler(fleet: fleet, logger: logger)) }
                await stop.wait()
                group.cancelAll()
            }
            return 0
        } catch let error as SettingError {
            LogSink.standardError.write("\(name): \(error)\n")
            return SettingError.exitStatus
        } catch {
            LogSink.standardError.write("\(name): \(error)\n")
            return 1
        }
    }

    /// Sleeps until the next tick, a minute at most, so that a changed clock is noticed.
    private static func watch(_ scheduler: Scheduler) async {
        var last = Date() - Scheduler.patience
        while !Task.isCancelled {
            let now = Date()
            let next = await scheduler.fire(after: last, upTo: now)
            last = now
            let wait = min(60, max(0.2, (next ?? .distantFuture).timeIntervalSinceNow))
            try? await Task.sleep(for: .seconds(wait))
        }
    }
}
