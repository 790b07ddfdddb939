public import Foundation
public import Model
import Postgres

/// One batch as recorded.
public struct Batch: Sendable, Hashable {
    public var id: UUID
    public var tenant: String
    public var recipe: String
    public var status: BatchStatus
    public var total: Int
    /// Assets that finished well.
    public var processed: Int
    /// Failed, held and singly cancelled assets.
    public var failed: Int
    public var infected: Int
    public var totalBytes: Int64
    public var keywords: [String]
    public var options: JSONValue
    public var callbackURL: String?
    public var idempotencyKey: String?
    public var error: RecordedError?
    public var export: BatchExport?
    public var createdAt: Date
    public var startedAt: Date?
    public var completedAt: Date?

    /// Assets in a final status.
    public var finished: Int { processed + failed + infected }

    /// 0…100, from the finished assets.
    public var percent: Double {
        if status == .completed { return 100 }
        return total == 0 ? 0 : (Double(finished) * 1000 / Double(total)).rounded() / 10
    }
}

/// A failure as told to people: a stable code and a sentence.
public struct RecordedError: Sendable, Hashable {
    public var code: String
    public var message: String

    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}

/// The stored ZIP of a batch, or the plan from which its bytes can be made again.
public struct BatchExport: Sendable, Hashable {
    /// Storage key.
    public var key: String
    public var bytes: Int64
    public var etag: String
    /// Nil in lists, and where the export has none.
    public var plan: JSONValue?

    public init(key: String, bytes: Int64, etag: String, plan: JSONValue? = nil) {
        self.key = key
        self.bytes = bytes
        self.etag = etag
        self.plan = plan
    }
}

/// What a new batch is made of.
public struct NewBatch: Sendable, Hashable {
    public var recipe: String
    public var keywords: [String]
    public var options: JSONValue
    public var callbackURL: String?
    public var idempotency: Idempotency?

    /// The client's key with the hash of its request: the same key with another hash is a conflict.
    public struct Idempotency: Sendable, Hashable {
        /// 1…255 bytes.
        public var key: String
        /// SHA-256 of the request body.
        public var requestHash: [UInt8]

        public init(key: String, requestHash: [UInt8]) {
            self.key = key
            self.requestHash = requestHash
        }
    }

    public init(
        recipe: String, keywords: [String] = [], options: JSONValue = .object([:]), callbackURL: String? = nil,
        idempotency: Idempotency? = nil
    ) {
        self.recipe = recipe
        self.keywords = keywords
        self.options = options
        self.callbackURL = callbackURL
        self.idempotency = idempotency
    }
}

extension Batch {
    init(_ row: PostgresRow) throws {
        id = try row["id"]
        tenant = try row["tenant_id"]
        recipe = try row["recipe"]
        let status: String = try row["status"]
        self.status = try known(BatchStatus(rawValue: status), "status")
        total = try row["total_images"]
        processed = try row["processed_images"]
        failed = try row["failed_images"]
        infected = try row["infected_images"]
        totalBytes = try row["total_bytes"]
        keywords = try row["keywords"]
        options = try JSON.decode(JSONValue.self, from: try row["options"] as String)
        callbackURL = try row["callback_url"]
        idempotencyKey = try row["idempotency_key"]
        error = try RecordedError(row)
        if let key: String = try row["export_key"] {
            export = BatchExport(
                key: key, bytes: try row["export_bytes"], etag: try row["export_etag"],
                plan: try StoredJSON.read(JSONValue.self, try row["export_plan"]))
        }
        createdAt = try row["created_at"]
        startedAt = try row["started_at"]
        completedAt = try row["completed_at"]
    }
}

extension RecordedError {
    init?(_ row: PostgresRow) throws {
        guard let code: String = try row["error_code"] else { return nil }
        self.init(code: code, message: try row["error_message"] ?? "")
    }
}

/// A column whose text must be one this release knows.
func known<T>(_ value: T?, _ column: String) throws(PostgresError) -> T {
    guard let value else {
        throw PostgresError(.column(column), "column \(column) has a value that this release does not know")
    }
    return value
}
