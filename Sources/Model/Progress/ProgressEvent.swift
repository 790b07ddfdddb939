public import Foundation

/// What a progress message tells (contract: the names on the wire).
public enum EventName: String, Sendable, Hashable, Codable, CaseIterable {
    case imageUploaded = "IMAGE_UPLOADED"
    case batchProcessingStarted = "BATCH_PROCESSING_STARTED"
    case stepStarted = "STEP_STARTED"
    case stepProgress = "STEP_PROGRESS"
    case stepCompleted = "STEP_COMPLETED"
    case imageProcessed = "IMAGE_PROCESSED"
    case processingError = "PROCESSING_ERROR"
    case batchCompleted = "BATCH_COMPLETED"
    case batchCancelled = "BATCH_CANCELLED"
    case jobStarted = "JOB_STARTED"
    case jobProgress = "JOB_PROGRESS"
    case jobCompleted = "JOB_COMPLETED"
    case jobRetrying = "JOB_RETRYING"
    case jobDead = "JOB_DEAD"
    case jobCancelled = "JOB_CANCELLED"
    case jobParked = "JOB_PARKED"
    case jobWaiting = "JOB_WAITING"
    case jobLog = "JOB_LOG"

    /// After a terminal event nothing more follows for that batch or job.
    public var isTerminal: Bool {
        switch self {
        case .batchCompleted, .batchCancelled, .jobCompleted, .jobDead, .jobCancelled: true
        default: false
        }
    }
}

/// One progress message before the queue gives it its `seq`.
public struct ProgressEvent: Sendable, Hashable {
    public var event: EventName
    public var batch: UUID?
    public var asset: UUID?
    public var job: JobID?
    public var queue: QueueName?
    /// What is being done, in one word: `fetch`, `scan`, `decode`, `encode`, `upload` …
    public var stage: String?
    /// 0…100 of the step, or of the whole batch in batch events.
    public var percent: Double?
    public var data: JSONValue

    public init(
        _ event: EventName, batch: UUID? = nil, asset: UUID? = nil, job: JobID? = nil, queue: QueueName? = nil,
        stage: String? = nil, percent: Double? = nil, data: JSONValue = .object([:])
    ) {
        self.event = event
        self.batch = batch
        self.asset = asset
        self.job = job
        self.queue = queue
        self.stage = stage
        self.percent = percent
        self.data = data
    }

    /// The id whose channel, sequence and snapshot this event belongs to: the batch, else the job.
    public var subject: String? { batch?.uuidString.lowercased() ?? job?.rawValue }
}
