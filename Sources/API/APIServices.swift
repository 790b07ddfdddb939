import Catalog
import JobQueue
import Logging
import NIOPosix
import ObjectStorage
import Observability
import Pipeline
import Recipes
import Redis
import Settings

/// What the routes work with.
struct APIServices: Sendable {
    let settings: APISettings
    let acceptedTypes: AcceptedTypes
    let catalog: Catalog
    let queue: JobQueue
    let batches: BatchControl
    let store: DirectoryStore
    let recipes: RecipeBook
    let subscriber: RedisSubscriber
    let readiness: Readiness
    let watermark: MemoryWatermark
    let metrics: Metrics
    let figures: RequestFigures
    /// Threads for calls that block on the disk.
    let blocking: NIOThreadPool
    let logger: Logger

    /// Every route there is; the OpenAPI document lists the same, which a test holds against this.
    var routes: [Route] {
        batchRoutes + assetRoutes + uploadRoutes + eventRoutes + exportRoutes + jobRoutes + queueRoutes + serviceRoutes
    }
}
