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
    let tools: FaultTools

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
        let (servers, sentinels) = try Self.nodes(RedisURL(given.redisURL), options.servers)
        let seconds = options.length.inSeconds + options.patience.inSeconds
        let tools = await FaultTools.find(
            options.servers, try RedisURL(given.redisURL), names: names, folder: folder,
            // Objects are a page or two, and one job in twenty leaves one; the store keeps 64 MiB free.
            storageBytes: 96 << 20 + Int(seconds * Double(options.jobsPerSecond)) / 20 * 16_384)
        do {
            let fleet = try Fleet.open(as: "flotilla-torture", try SettingsReader(environment: ours), logger: logger)
            let database = Catalog(
                pool: PostgresPool(PostgresOptions(url: given.databaseURL), connections: 1), logger: logger)
            let ledger = Ledger()
            let proxies = try (0..<options.workers).map { _ in
                try FaultProxy(servers: servers, sentinels: sentinels, counterPrefix: names.counterPrefix) {
                    ledger.started($0, by: $1)
                }
            }
            let clocks = tools.clocks(of: options.workers)
            for index in clocks { _ = tools.clocks?.set(index, toSeconds: 0) }
            let pool = WorkerPool(
                command: options.command(gated: tools.gate != nil), gate: tools.gate, proxies: proxies,
                environments: proxies.enumerated().map { index, proxy in
                    var own = ours
                    own["FLOTILLA_REDIS_URL"] = fleet.redisURL.through(proxy.routes)
                    own["FLOTILLA_SLOTS"] = "\(options.slots)"
                    // A limit that is felt, so that jobs whose count went astray would be missed in the end.
                    own["FLOTILLA_QUEUE_CONCURRENCY"] = "\(max(1, options.workers * options.slots - 1))"
                    if clocks.contains(index), let clock = tools.clocks { own.merge(clock.environment(index)) { $1 } }
                    return own
                }, folder: folder, grace: fleet.settings.grace)
            let client = RedisClient(fleet.redisURL, name: "flotilla-torture")
            let watch = FleetWatch(
                queue: fleet.queue, client: client, names: names, pool: pool, lease: fleet.tuning.lease)
            let ground = ProvingGround(
                names: names, schema: schema, folder: folder, database: database, fleet: fleet, client: client,
                ledger: ledger, pool: pool, watch: watch, tools: tools)
            try await database.createSchema(schema)
            do { try await fleet.catalog.migrate() } catch {
                try? await database.dropSchema(schema)
                throw error
            }
            return ground
        } catch {
            tools.close()
            throw error
        }
    }

    /// The servers that proxies stand before.
    private static func nodes(
        _ url: RedisURL, _ servers: ServerFolder?
    ) throws(TortureError) -> (servers: [RedisNode], sentinels: [RedisNode]) {
        switch url.place {
        case .server(let node) where url.tls == nil && servers?.hasSentinels != true: return ([node], [])
        case .sentinels(let sentinels, _) where url.tls == nil:
            if let servers, servers.hasSentinels { return (servers.redisNodes, sentinels) }
        default: break
        }
        throw TortureError(
            "the fault proxy takes a plain redis:// server, or the sentinels of private servers: no TLS, no cluster")
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
        // Helpers of a run are beside the program.
        return environment.filter { $0.key != "FLOTILLA_HELPERS" }.merging([
            "FLOTILLA_NAMESPACE": names.namespace,
            "FLOTILLA_DATABASE_URL": given.databaseURL + "\(separator)options=-csearch_path%3D\(schema)",
            "FLOTILLA_DATABASE_CONNECTIONS": "4", "FLOTILLA_STORAGE_URL": "file://\(folder)/storage",
            "FLOTILLA_SCRATCH": folder + "/scratch", "FLOTILLA_RECIPES": folder + "/recipes",
            "FLOTILLA_METRICS_ADDR": "", "FLOTILLA_LOG_FORMAT": "json", "FLOTILLA_LOG_LEVEL": "info",
            "FLOTILLA_GRACE_SECONDS": "6", "FLOTILLA_RESULT_TTL_SECONDS": "60", "FLOTILLA_MAX_RESCUES": "100",
            "FLOTILLA_BACKOFF_BASE_SECONDS": "0.2", "FLOTILLA_BACKOFF_CAP_SECONDS": "2",
            "FLOTILLA_RECONCILE_SECONDS": "1", "FLOTILLA_RECONCILE_AGE_SECONDS": "5",
        ]) { $1 }
    }

    /// Takes away keys, rows and files; with `keepingLogs` the folder stays.
    func remove(keepingLogs: Bool) async throws {
        tools.close()
        try await watch.removeKeys()
        try await database.dropSchema(schema)
        if !keepingLogs { try FileManager.default.removeItem(atPath: folder) }
    }
}

extension RedisURL {
    /// The same servers by way of ports of this host, with the password, for a child's environment.
    func through(_ routes: [FaultProxy.Route]) -> String {
        func escaped(_ text: String?) -> String {
            text?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
        let credentials = user == nil && password == nil ? "" : "\(escaped(user)):\(escaped(password))@"
        let sentinels = routes.filter(\.isSentinel)
        let hosts = (sentinels.isEmpty ? routes : sentinels).map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        guard case .sentinels(_, let name) = place else { return "redis://\(credentials)\(hosts)/\(database)" }
        return "redis+sentinel://\(credentials)\(hosts)/\(escaped(name))/\(database)"
    }
}
