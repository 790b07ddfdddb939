public import Foundation

/// What travels through a queue: the wire format that producers in any language write (docs/queue-protocol.md).
///
/// Only `v`, `kind` and `payload` are required on the wire; the rest has the defaults below.
public struct JobEnvelope: Sendable, Hashable {
    /// The version this release writes. It also reads one older and one newer.
    public static let currentVersion = 1
    public static let defaultMaxAttempts = 5
    public static let defaultTimeoutMs: Int64 = 600_000
    public static let defaultTenant = "default"

    public var version: Int
    public var id: JobID
    /// 1…64 letters, digits, `.`, `-`, `_`: which handler runs it.
    public var kind: String
    public var payload: JSONValue
    /// 1…1000.
    public var maxAttempts: Int
    /// 1…86 400 000: how long one attempt may run.
    public var timeoutMs: Int64
    /// −100…100; higher runs first.
    public var priority: Int
    /// 1…1,000,000: how much work it is thought to be, in any unit that all producers of a queue share. Tenants are served
    /// so that each gets the same amount.
    public var cost: Int
    /// ≤ 256 bytes: at most one unfinished job with this key.
    public var uniqueKey: String?
    public var notBefore: Date?
    public var expiresAt: Date?
    public var tenant: String
    public var batch: UUID?
    /// W3C Trace Context header value.
    public var traceparent: String?
    /// Single jobs that must have ended before this one starts; at most 1,000, each once.
    public var dependsOn: [JobID] = []
    public var dependsPolicy = DependsPolicy.done

    /// Kept by the queue between attempts; producers leave these out.
    public var attempt: Int
    public var rescues: Int
    public var failures: [AttemptFailure]
    /// Whether PostgreSQL has a row for this job that must be closed when the job ends. Plain producers have none.
    public var isRecorded: Bool

    public init(
        id: JobID = .random(), kind: String, payload: JSONValue, maxAttempts: Int = defaultMaxAttempts,
        timeoutMs: Int64 = defaultTimeoutMs, priority: Int = 0, cost: Int = 1, uniqueKey: String? = nil,
        notBefore: Date? = nil,
        expiresAt: Date? = nil, tenant: String = defaultTenant, batch: UUID? = nil, traceparent: String? = nil,
        attempt: Int = 1, rescues: Int = 0, failures: [AttemptFailure] = [], isRecorded: Bool = false
    ) {
        version = Self.currentVersion
        self.id = id
        self.kind = kind
        self.payload = payload
        self.maxAttempts = maxAttempts
        self.timeoutMs = timeoutMs
        self.priority = priority
        self.cost = cost
        self.uniqueKey = uniqueKey
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.tenant = tenant
        self.batch = batch
        self.traceparent = traceparent
        self.attempt = attempt
        self.rescues = rescues
        self.failures = failures
        self.isRecorded = isRecorded
    }
}

/// One failed attempt, kept inside the envelope (the last five) and shown with a dead job.
public struct AttemptFailure: Sendable, Hashable, Codable {
    public var attempt: Int
    public var code: String
    public var message: String
    public var at: Date

    public init(attempt: Int, code: String, message: String, at: Date) {
        self.attempt = attempt
        self.code = code
        self.message = message
        self.at = at
    }
}
