public import Catalog
public import JobQueue
public import Logging
public import ObjectStorage
import Postgres
public import Recipes
public import Redis
public import Settings

/// Everything that the doors share: the settings, and a connection to each of the three places where state is.
public struct Fleet: Sendable {
    public let settings: CommonSettings
    public let tuning: QueueTuning
    public let redisURL: RedisURL
    public let queueSettings: QueueSettings
    public let queue: JobQueue
    public let catalog: Catalog
    public let store: DirectoryStore
    public let recipes: RecipeBook

    /// Reads the settings; connects lazily, so it works while a server is away.
    ///
    /// - Parameter name: shown by Redis and PostgreSQL for the connections.
    /// - Throws: ``SettingError`` for a wrong setting or a recipe that is not valid.
    public static func open(as name: String, _ read: SettingsReader, logger: Logger) throws(SettingError) -> Fleet {
        let settings = try CommonSettings(read)
        let tuning = try QueueTuning(read)
        var redisURL: RedisURL
        do { redisURL = try RedisURL(settings.redisURL) } catch {
            throw SettingError(variable: "FLOTILLA_REDIS_URL", problem: "\(error)")
        }
        redisURL.tag = settings.namespace
        let database = PostgresOptions(url: settings.databaseURL, applicationName: name)
        let store: DirectoryStore
        do { store = try DirectoryStore(location: settings.storageURL) } catch {
            throw SettingError(variable: "FLOTILLA_STORAGE_URL", problem: "\(error)")
        }
        let recipes: RecipeBook
        do { recipes = try RecipeBook.load(settings.recipesDirectory) } catch {
            throw SettingError(variable: "FLOTILLA_RECIPES", problem: "\(error)")
        }
        let queueSettings = QueueSettings(namespace: settings.namespace, tuning)
        return Fleet(
            settings: settings, tuning: tuning, redisURL: redisURL, queueSettings: queueSettings,
            queue: JobQueue(client: RedisClient(redisURL, name: name), settings: queueSettings),
            catalog: Catalog(
                pool: PostgresPool(database, connections: settings.databaseConnections), logger: logger), store: store,
            recipes: recipes)
    }
}

extension QueueSettings {
    init(namespace: String, _ tuning: QueueTuning) {
        self.init()
        self.namespace = namespace
        maxWaiting = tuning.maxWaiting
        lease = tuning.lease
        heartbeat = tuning.heartbeat
        selfFence = tuning.lease * 7 / 10
        backoff = Backoff(base: tuning.backoffBase, cap: tuning.backoffCap)
        maxRescues = tuning.maxRescues
        maxDead = tuning.maxDead
        maxDemand = tuning.maxDemand
        resultTTL = tuning.resultTTL
        limits.jobs = tuning.queueConcurrency > 0 ? tuning.queueConcurrency : nil
        limits.startsPerSecond = tuning.queueRate > 0 ? tuning.queueRate : nil
        limits.jobsPerTenant = tuning.tenantConcurrency > 0 ? tuning.tenantConcurrency : nil
        limits.startsPerSecondPerTenant = tuning.tenantRate > 0 ? tuning.tenantRate : nil
    }
}
