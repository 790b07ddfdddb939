import Logging
import NIOPosix
import Observability
import Pipeline
import Recipes
import Redis
import Settings

@testable import API

extension LiveFleet {
    /// The routes' surroundings in this process, for looking at the routes themselves.
    func services() throws -> APIServices {
        let read = try SettingsReader(environment: environment)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let fleet = try Fleet.open(as: "test", read, logger: logger)
        let metrics = Metrics()
        return APIServices(
            settings: try APISettings(read), acceptedTypes: AcceptedTypes(nil), catalog: catalog, queue: queue,
            batches: BatchControl(catalog: catalog, queue: queue, store: store, recipes: fleet.recipes), store: store,
            recipes: fleet.recipes, subscriber: RedisSubscriber(fleet.redisURL, name: "test"),
            readiness: Readiness([]),
            watermark: MemoryWatermark(queue: queue, percent: 90, metrics: metrics, logger: logger), metrics: metrics,
            figures: RequestFigures(metrics), blocking: .singleton,
            logger: logger)
    }
}
