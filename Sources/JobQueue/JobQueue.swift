internal import Model
public import Redis

/// The queue for producers and operators. For workers see ``Consumer``.
public final class JobQueue: Sendable {
    public let settings: QueueSettings
    let client: RedisClient
    let keys: Keys

    public init(client: RedisClient, settings: QueueSettings = QueueSettings()) {
        self.client = client
        self.settings = settings
        keys = Keys(namespace: settings.namespace)
    }
}
