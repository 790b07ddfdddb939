import Catalog
import Foundation
import JobQueue
import Logging
import Model
import ObjectStorage
import Pipeline
import Postgres
import Recipes
import Redis
import TestServers

/// A Redis, a database and a folder of one scenario, and the processes that work there.
final class CrashGround: Sendable {
    let redis: RedisServer
    let catalog: Catalog
    let queue: JobQueue
    let store: DirectoryStore
    let recipes: RecipeBook
    let environment: [String: String]
    /// Made anew for each process that has to be told apart by its log.
    private let folder: String

    init() async throws {
        redis = try RedisServer()
        folder = try ChildServer.temporaryFolder()
        let database = try PostgresServer.shared.get().makeDatabase()
        for part in ["/scratch", "/jobs"] {
            try FileManager.default.createDirectory(atPath: folder + part, withIntermediateDirectories: false)
        }
        for (name, whenDone) in [("look", "[]"), ("pack", "[{ export: { content: original } }]")] {
            try "name: \(name)\ndescription: x\nsteps: [{ scan: { timeout_seconds: 60 } }]\nwhen_done: \(whenDone)\n"
                .write(toFile: "\(folder)/jobs/\(name).yaml", atomically: false, encoding: .utf8)
        }
        recipes = try RecipeBook.load(folder + "/jobs")
        store = try DirectoryStore(location: "file://\(folder)/store", syncs: false)
        catalog = Catalog(
            pool: PostgresPool(PostgresOptions(url: database, applicationName: "test"), connections: 2),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await catalog.migrate()
        queue = JobQueue(client: RedisClient(try RedisURL(redis.url), name: "test"))
        environment = [
            "FLOTILLA_REDIS_URL": redis.url, "FLOTILLA_DATABASE_URL": database,
            "FLOTILLA_STORAGE_URL": "file://\(folder)/store", "FLOTILLA_SCRATCH": "\(folder)/scratch",
            "FLOTILLA_RECIPES": "\(folder)/jobs", "FLOTILLA_CLAMAV_DB": try SignatureFolder.shared.get(),
            "FLOTILLA_LEASE_SECONDS": "2", "FLOTILLA_HEARTBEAT_SECONDS": "0.5", "FLOTILLA_SLOTS": "1",
            "FLOTILLA_BACKOFF_BASE_SECONDS": "0.01", "FLOTILLA_LOG_FORMAT": "text",
        ]
    }

    deinit {
        redis.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts an executable.
    ///
    /// - Parameter crashAt: the crash point at which it kills itself; nil: at none.
    func process(
        _ name: String, crashAt point: Int?, _ extra: [String: String] = [:], ready: () -> Bool = { true }
    ) throws -> ChildServer {
        var all = environment.merging(extra) { $1 }
        all["FLOTILLA_CRASH_AT"] = point.map { "\($0)" } ?? ""
        return try ChildServer.start([try BuiltProducts.path(of: name)], environment: all, ready: ready)
    }

    /// A started batch of one asset, whose first job is recorded and not yet queued.
    func batch(_ recipe: String, content: [UInt8]) async throws -> (batch: Batch, first: QueuedJob) {
        let plan = try required(recipes[recipe], recipe)
        let batch = try await catalog.createBatch(NewBatch(recipe: recipe), tenant: "default").batch
        let key = try StorageKey.original(
            tenant: "default", batch: batch.id.uuidString.lowercased(), asset: UUID().uuidString.lowercased())
        try store.put(content, as: key)
        var crc = CRC32()
        content.withUnsafeBytes { crc.update($0) }
        _ = try await catalog.addAsset(
            NewAsset(
                originalName: "a.txt", key: key.text, bytes: Int64(content.count), sha256: SHA256.hexadecimal(content),
                crc32: crc.finalize(), mimeType: "text/plain"), toBatch: batch.id, tenant: "default")
        let (started, jobs) = try await catalog.startBatch(batch.id, tenant: "default") { asset in
            StepJobs.job(plan.steps[0], of: plan, asset: asset.id, in: batch)
        }
        return (started, try required(jobs.first, "no job"))
    }

    /// Whether nothing is left in Redis that waits for a worker or is held by one: such keys are gone when they are empty.
    ///
    /// One command, as jobs go from one key to another all the time.
    func isIdle() throws -> Bool {
        let names = ["queue", "lanes", "delayed", "parked", "dead", "run"]
        return try !redis.cli("KEYS", "{flotilla}:*").split(separator: "\n").contains { key in
            names.contains { key.hasPrefix("{flotilla}:\($0):") }
        }
    }
}

/// A value that a test cannot go on without.
func required<T>(_ value: T?, _ reason: @autoclosure () -> String) throws -> T {
    guard let value else { throw ServerFailure(reason()) }
    return value
}
