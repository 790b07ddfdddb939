/// How to reach a server, and what each session is set to.
public struct PostgresOptions: Sendable {
    /// `postgres://user:password@host:port/database?…`, or libpq's `key=value` form. A secret: never logged by us.
    public var url: String
    /// Shown in `pg_stat_activity`.
    public var applicationName: String
    /// 1…: how long one connection attempt may take, in whole seconds (libpq's unit).
    public var connectTimeout: Duration
    /// The server cancels a statement that runs longer; a server that stays silent five seconds beyond it counts as
    /// lost. Zero: no limit.
    public var statementTimeout: Duration
    /// How often one transaction is run at most when it collides with another or its connection is lost before COMMIT.
    public var maxTransactionAttempts: Int

    public init(
        url: String, applicationName: String = "flotilla", connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(30), maxTransactionAttempts: Int = 8
    ) {
        self.url = url
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.maxTransactionAttempts = maxTransactionAttempts
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
