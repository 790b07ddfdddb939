public import Foundation
public import Model
import Postgres

/// A job with the queue it belongs on and, for steps of a batch, the step and asset it is about.
public struct QueuedJob: Sendable, Hashable {
    public var queue: QueueName
    public var envelope: JobEnvelope
    /// Name of the recipe's step; nil for single jobs.
    public var step: String?
    /// Nil for single jobs and for steps of the whole batch.
    public var asset: UUID?

    public init(queue: QueueName, envelope: JobEnvelope, step: String? = nil, asset: UUID? = nil) {
        self.queue = queue
        self.envelope = envelope
        self.step = step
        self.asset = asset
    }
}

/// One job as recorded.
public struct JobRecord: Sendable, Hashable {
    public var job: QueuedJob
    public var state: JobState
    /// 0 before it first ran.
    public var attempt: Int
    /// Of the newest claim that told about itself.
    public var fence: Int64
    public var result: JSONValue?
    public var error: RecordedError?
    public var createdAt: Date
    public var enqueuedAt: Date
    public var startedAt: Date?
    public var finishedAt: Date?

    public var id: JobID { job.envelope.id }
    public var batch: UUID? { job.envelope.batch }
}

extension QueuedJob {
    init(_ row: PostgresRow) throws {
        let queue: String = try row["queue"]
        self.queue = try known(QueueName(rawValue: queue), "queue")
        let text: String = try row["envelope"]
        envelope = try JobEnvelope.parse(Array(text.utf8)).envelope
        step = try row["step"]
        asset = try row["image_id"]
    }
}

extension JobRecord {
    init(_ row: PostgresRow) throws {
        job = try QueuedJob(row)
        let state: String = try row["state"]
        self.state = try known(JobState(rawValue: state), "state")
        attempt = try row["attempt"]
        fence = try row["fence"]
        result = try StoredJSON.read(JSONValue.self, try row["result"])
        error = try RecordedError(row)
        createdAt = try row["created_at"]
        enqueuedAt = try row["enqueued_at"]
        startedAt = try row["started_at"]
        finishedAt = try row["finished_at"]
    }
}
