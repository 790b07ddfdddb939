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
    let client: RedisClient
    let queue: JobQueue
    let store: DirectoryStore
    let recipes: RecipeBook
    let environment: [String: String]
    private let database: String
    /// Made anew for each process that has to be told apart by its log.
    private let folder: String

    init() async throws {
        redis = try RedisServer()
        folder = try ChildServer.temporaryFolder()
        let database = try PostgresServer.shared.get().makeDatabase()
        self.database = database
        for part in ["/scratch", "/jobs", "/in"] {
            try FileManager.default.createDirectory(atPath: folder + part, withIntermediateDirectories: false)
        }
        for (name, steps, more) in [
            ("look", "", ""), ("pack", "", "when_done: [{ export: { content: original } }]"),
            ("see", ", { analyze: { rename: true } }", ""),
            ("shrink", ", { compress: { images: [{ name: web, format: webp, max_width: 64, max_height: 64 }] } }", ""),
            ("hourly", "", "schedule: { cron: \"0 * * * *\", source: \"file://\(folder)/in\" }"),
        ] {
            try "name: \(name)\ndescription: x\nsteps: [{ scan: { timeout_seconds: 60 } }\(steps)]\n\(more)\n"
                .write(toFile: "\(folder)/jobs/\(name).yaml", atomically: false, encoding: .utf8)
        }
        try "dropped".write(toFile: folder + "/in/a.txt", atomically: false, encoding: .utf8)
        recipes = try RecipeBook.load(folder + "/jobs")
        store = try DirectoryStore(location: "file://\(folder)/store", syncs: false)
        catalog = Catalog(
            pool: PostgresPool(
                PostgresOptions(url: database, applicationName: "test"), connections: 2, waitLimit: .seconds(60)),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await catalog.migrate()
        client = RedisClient(try RedisURL(redis.url), name: "test")
        queue = JobQueue(client: client)
        environment = [
            "FLOTILLA_REDIS_URL": redis.url, "FLOTILLA_DATABASE_URL": database,
            "FLOTILLA_STORAGE_URL": "file://\(folder)/store", "FLOTILLA_SCRATCH": "\(folder)/scratch",
            "FLOTILLA_RECIPES": "\(folder)/jobs", "FLOTILLA_CLAMAV_DB": try SignatureFolder.shared.get(),
            "FLOTILLA_LABEL_MODEL": ProcessInfo.processInfo.environment["FLOTILLA_LABEL_MODEL"]
                ?? URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../.run/models/efficientnet-lite0.onnx").standardized.path,
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
    /// - Parameter crashAt: the part of its work and the crash point there at which it kills itself; nil: at none.
    func process(
        _ name: String, crashAt point: String?, _ extra: [String: String] = [:], ready: () -> Bool = { true }
    ) throws -> ChildServer {
        var all = environment.merging(extra) { $1 }
        all["FLOTILLA_CRASH_AT"] = point ?? ""
        return try ChildServer.start([try BuiltProducts.path(of: name)], environment: all, ready: ready)
    }

    /// A batch of one asset that is not started.
    func pending(_ recipe: String, content: [UInt8], type: String = "text/plain") async throws -> Batch {
        let batch = try await catalog.createBatch(NewBatch(recipe: recipe), tenant: "default").batch
        let key = try StorageKey.original(
            tenant: "default", batch: batch.id.uuidString.lowercased(), asset: UUID().uuidString.lowercased())
        try store.put(content, as: key)
        var crc = CRC32()
        content.withUnsafeBytes { crc.update($0) }
        _ = try await catalog.addAsset(
            NewAsset(
                originalName: "a.txt", key: key.text, bytes: Int64(content.count), sha256: SHA256.hexadecimal(content),
                crc32: crc.finalize(), mimeType: type), toBatch: batch.id, tenant: "default")
        return batch
    }

    /// A started batch of one asset, whose first job is recorded and not yet queued.
    ///
    /// - Parameter expired: the job is not to be started any more.
    func batch(
        _ recipe: String, content: [UInt8], type: String = "text/plain", expired: Bool = false
    ) async throws -> (batch: Batch, first: QueuedJob) {
        let plan = try required(recipes[recipe], recipe)
        let batch = try await pending(recipe, content: content, type: type)
        let (started, jobs) = try await catalog.startBatch(batch.id, tenant: "default") { asset in
            var job = StepJobs.job(plan.steps[0], of: plan, asset: asset.id, in: batch)
            if expired { job.envelope.expiresAt = Date(timeIntervalSinceNow: -1) }
            return job
        }
        try await catalog.told(try await catalog.untold(ofBatch: batch.id))
        return (started, try required(jobs.first, "no job"))
    }

    /// Waits until nothing is going on in the database: what a process had sent before it was killed takes place after it.
    func quiet() async throws {
        let open = "state <> 'idle' AND datname = current_database() AND pid <> pg_backend_pid()"
        try await eventually("no transaction is open", within: .seconds(60)) {
            try psql("SELECT count(*) FROM pg_stat_activity WHERE \(open)") == "0"
        }
    }

    /// What the API does every few seconds, without the wait.
    func reconcile() async throws {
        let reconciler = Reconciler(
            catalog: catalog, queue: queue, recipes: recipes, age: .zero,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await reconciler.reconcile()
    }

    @discardableResult
    func psql(_ text: String) throws -> String {
        try PostgresServer.shared.get().psql(
            text, database: String(database.split(separator: "/").last ?? ""))
    }

    /// Events of a batch or job, oldest first.
    func events(_ subject: String) async throws -> [String] {
        try await queue.events(subject, after: 0).map {
            try JSON.decode(JSONValue.self, from: $0.json)["event"]?.string ?? ""
        }
    }

    /// What the storage has under a key.
    func content(_ key: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/store/\(key)")), as: UTF8.self)
    }

    /// Makes every stored file, and those on their way, older than a day.
    func ageStoredFiles() throws {
        for name in storedFiles() {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: folder + "/store/" + name)
        }
    }

    /// Every file below the storage's folder.
    func storedFiles() -> [String] {
        let store = folder + "/store"
        return FileManager.default.enumerator(atPath: store)?.compactMap { $0 as? String }.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: store + "/" + name, isDirectory: &isFolder)
                && !isFolder.boolValue
        } ?? []
    }

    /// Whether nothing is left in Redis that waits for a worker or is held by one: such keys are gone when they are empty.
    ///
    /// One command, as jobs go from one key to another all the time.
    ///
    /// - Parameter buried: dead jobs are what is expected.
    func isIdle(buried: Bool = false) async throws -> Bool {
        let names = ["queue", "lanes", "delayed", "parked", "run"] + (buried ? [] : ["dead"])
        let keys = try await client.send(["KEYS", "{flotilla}:*"]).array ?? []
        return !keys.compactMap(\.string).contains { key in
            names.contains { key.hasPrefix("{flotilla}:\($0):") }
        }
    }
}

/// A value that a test cannot go on without.
func required<T>(_ value: T?, _ reason: @autoclosure () -> String) throws -> T {
    guard let value else { throw ServerFailure(reason()) }
    return value
}
