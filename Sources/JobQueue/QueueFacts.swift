public import Foundation
public import Model

/// What became of one envelope handed to ``JobQueue/enqueue(_:on:)``.
public enum EnqueueOutcome: Sendable, Hashable {
    case enqueued(JobID)
    /// An unfinished job with the same `unique_key` is there already.
    case duplicate(of: JobID)

    public var id: JobID {
        switch self {
        case .enqueued(let id), .duplicate(let id): id
        }
    }
}

/// The latest state of a batch or a job, from one read of its snapshot hash.
public struct ProgressSnapshot: Sendable, Hashable {
    public var seq: Int64
    public var event: String
    public var status: String
    public var percent: Double?
    /// Every field of the hash, the ones above included.
    public var fields: [String: String]

    /// A message in the shape of the channel's, for readers that come late; `event` is the last one's.
    public var isFinal: Bool { EventName(rawValue: event)?.isTerminal ?? false }
}

/// Where a job is: its snapshot, and where it was found when it has none.
public struct JobSnapshot: Sendable, Hashable {
    public var id: JobID
    public var state: JobState
    public var queue: QueueName?
    public var kind: String?
    public var attempt: Int?
    public var percent: Double?
    public var stage: String?
    public var result: JSONValue?
    public var error: DeadJob.Reason?
    /// Of those a waiting job waits for, up to a hundred.
    public var waitingFor: [JobID] = []
    /// Of the last message; 0 before the first.
    public var seq: Int64 = 0
    /// When that was, RFC 3339.
    public var at: String?
}

/// A job that will not run again by itself, with everything needed to see why and to run it once more by hand.
public struct DeadJob: Sendable, Hashable, Codable {
    public struct Reason: Sendable, Hashable, Codable {
        public var code: String
        public var message: String
    }

    public var id: JobID
    public var queue: QueueName
    /// Empty for bytes that are not an envelope.
    public var kind: String
    public var code: String
    public var reason: String
    public var attempts: Int
    public var failures: [AttemptFailure]
    public var stderrTail: String?
    /// The envelope as it would be queued again; nil for bytes that are not one.
    public var envelope: JSONValue?
    /// The bytes as they came, where they are not an envelope.
    public var rawBase64: String?
    public var at: Date

    enum CodingKeys: String, CodingKey {
        case id, queue, kind, code, reason, attempts, failures, envelope, at
        case stderrTail = "stderr_tail"
        case rawBase64 = "raw_base64"
    }
}

/// One page of a list; `nextCursor` is nil on the last one.
public struct Page<Item: Sendable>: Sendable {
    public var items: [Item]
    public var nextCursor: String?
}

/// One queue in numbers.
public struct QueueStats: Sendable, Hashable {
    public var queue: QueueName
    public var waiting: Int
    public var running: Int
    public var delayed: Int
    public var dead: Int
    public var parked: Int
    /// Jobs that wait for others.
    public var awaiting: Int
    public var isPaused: Bool
    public var workers: Int
    /// Slots of all live workers.
    public var slots: Int
    /// Counters since Redis was empty.
    public var processed: Int
    public var failed: Int
    public var buried: Int
}

/// One live worker process, as its last heartbeat told.
public struct WorkerInfo: Sendable, Hashable {
    public var id: WorkerID
    public var queue: QueueName
    public var host: String
    public var pid: Int
    public var slots: Int
    public var running: Int
    public var residentBytes: Int64
    public var version: String
    public var startedAt: Date?
    public var isDraining: Bool
    /// Until when its lease runs, by the server's clock.
    public var leaseUntil: Date
}

/// One message as it went over the channel.
public struct EventMessage: Sendable, Hashable {
    public var seq: Int64
    public var json: [UInt8]
}

/// One page of the ids Redis knows.
public struct KnownJobs: Sendable {
    public struct Cursor: Sendable, Hashable {
        var place: Int
        var offset: Int
        /// Behind the lists: the key of the lane, or of what comes behind it.
        var lane: String?
    }
    public var ids: [JobID]
    /// nil after the last page.
    public var next: Cursor?
}
