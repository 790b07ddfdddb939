import Catalog
import Foundation
import JobQueue
import Logging
import Pipeline
import Postgres
import Redis
import Settings

/// Where a run takes place: a namespace, a database schema, a folder, and the workers with their proxies.
struct ProvingGround: Sendable {
    let names: JobNames
    let schema: String
    let folder: String
    /// Of the whole database, not of our schema.
    let database: Catalog
    /// Of the run: its namespace and its schema, without a proxy.
    let fleet: Fleet
    let client: RedisClient
    let ledger: Ledger
    let pool: WorkerPool
    let watch: FleetWatch

    static func prepare(
        _ options: Torture.Options, _ environment: [String: String], logger: Logger
    ) async throws -> ProvingGround {
        let suffix = UUID().uuidString.lowercased().prefix(6)
        let names = JobNames(namespace: "torture-\(options.seed)-\(suffix)")
        let schema = names.namespace.replacing("-", with: "_")
        let folder = FileManager.default.temporaryDirectory.path + "/" + names.namespace
        for part in ["", "/storage", "/scratch", "/recipes"] {
            try FileManager.default.createDirectory(
                atPath: folder + part, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        }
        let given = try CommonSettings(try SettingsReader(environment: environment))
        let ours = try Self.environment(environment, given, names, schema, folder)
        let fleet = try Fleet.open(as: "flotilla-torture", try SettingsReader(environment: ours), logger: logger)
        guard case .server(let node) = fleet.redisURL.place, fleet.redisURL.tls == nil else {
            throw TortureError("the fault proxy takes one plain redis:// server: no TLS, sentinels or cluster")
        }
        let database = Catalog(
            pool: PostgresPool(PostgresOptions(url: given.databaseURL), connections: 1), logger: logger)
        try await database.createSchema(schema)
        do {
            try await fleet.catalog.migrate()
            let ledger = Ledger()
            let proxies = try (0..<options.workers).map { _ in
                try FaultProxy(to: node, counterPrefix: names.counterPrefix) { ledger.started($0, by: $1) }
            }
            let pool = WorkerPool(
                program: options.program, proxies: proxies,
                environments: proxies.map { proxy in
                    ours.merging([
                        "FLOTILLA_REDIS_URL": fleet.redisURL.through(proxy.port),
                        "FLOTILLA_SLOTS": "\(options.slots)",
                        // A limit that is felt, so that jobs whose count went astray would be missed in the end.
                        "FLOTILLA_QUEUE_CONCURRENCY": "\(max(1, options.workers * options.slots - 1))",
                    ]) { $1 }
                }, folder: folder, grace: fleet.settings.grace)
            let client = RedisClient(fleet.redisURL, name: "flotilla-torture")
            let watch = FleetWatch(
                queue: fleet.queue, client: client, names: names, pool: pool, lease: fleet.tuning.lease)
            return ProvingGround(
                names: names, schema: schema, folder: folder, database: database, fleet: fleet, client: client,
                ledger: ledger, pool: pool, watch: watch)
        } catch {
            try? await database.dropSchema(schema)
            throw error
        }
    }

    /// What the workers get, but for their proxy. Jobs of the run are small and many: what is to happen in the end happens
    /// soon, and nothing of it stays.
    private static func environment(
        _ environment: [String: String], _ given: CommonSettings, _ names: JobNames, _ schema: String, _ folder: String
    ) throws -> [String: String] {
        guard !given.databaseURL.contains("options=") else {
            throw TortureError("FLOTILLA_DATABASE_URL has options of its own; a run needs them for its schema")
        }
        let separator = given.databaseURL.contains("?") ? "&" : "?"
        return environment.merging([
            "FLOTILLA_NAMESPACE": names.namespace,
            "FLOTILLA_DATABASE_URL": given.databaseURL + "\(separator)options=-csearch_path%3D\(schema)",
            "FLOTILLA_DATABASE_CONNECTIONS": "4", "FLOTILLA_STORAGE_URL": "file://\(folder)/storage",
            "FLOTILLA_SCRATCH": folder + "/scratch", "FLOTILLA_RECIPES": folder + "/recipes",
            "FLOTILLA_METRICS_ADDR": "", "FLOTILLA_LOG_FORMAT": "json", "FLOTILLA_LOG_LEVEL": "info",
            "FLOTILLA_GRACE_SECONDS": "6", "FLOTILLA_RESULT_TTL_SECONDS": "3600", "FLOTILLA_MAX_RESCUES": "100",
            "FLOTILLA_BACKOFF_BASE_SECONDS": "0.2", "FLOTILLA_BACKOFF_CAP_SECONDS": "2",
            "FLOTILLA_RECONCILE_SECONDS": "1", "FLOTILLA_RECONCILE_AGE_SECONDS": "5",
        ]) { $1 }
    }

    /// Takes away keys, rows and files; with `keepingLogs` the folder stays.
    func remove(keepingLogs: Bool) async throws {
        try await watch.removeKeys()
        try await database.dropSchema(schema)
        if !keepingLogs { try FileManager.default.removeItem(atPath: folder) }
    }
}

extension RedisURL {
    /// The same server by way of a port of this host, with the password, for a child's environment.
    func through(_ port: UInt16) -> String {
        func escaped(_ text: String?) -> String {
            text?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
        let credentials = user == nil && password == nil ? "" : "\(escaped(user)):\(escaped(password))@"
        return "redis://\(credentials)127.0.0.1:\(port)/\(database)"
    }
}
