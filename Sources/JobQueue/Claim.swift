public import Foundation
public import Model

/// One attempt at one job, held by this process until it is finished.
public struct Claim: Sendable, Hashable {
    /// Distinguishes claims of this process, two of the same bytes included.
    public let ticket: UInt64
    public let queue: QueueName
    public let envelope: JobEnvelope
    /// The element in the worker's run list.
    public let raw: [UInt8]
    /// Rises with every claim of any worker; later claims win. Stored with each effect, see `Catalog`.
    public let fence: Int64
    /// 1 for the first attempt. Lost workers do not count.
    public var attempt: Int { envelope.attempt }
    /// By the clock of the Redis server.
    public let claimedAt: Date
    public let worker: WorkerID

    public static func == (one: Claim, other: Claim) -> Bool {
        one.ticket == other.ticket && one.worker == other.worker
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(ticket) }
}

/// How an attempt ended, and with it what becomes of the job.
public enum Outcome: Sendable, Hashable {
    /// The result is kept with the job's snapshot.
    case done(result: JSONValue? = nil)
    /// The failure's cause decides between another attempt and the dead list, see ``RetryPolicy``.
    case failed(JobFailure)
    /// Again after this delay, whatever the cause; counts as an attempt.
    case retry(JobFailure, after: Duration)
    /// To the dead list at once.
    case dead(JobFailure)
    case cancelled
    /// Aside until a worker starts that knows this kind.
    case park(reason: String)
    /// Back to the front, the attempt not counted: this worker stops, or has no room.
    case release
}

/// Names one start of one worker process: `<queue>.<uuid>`. Never used again, so nobody adopts a dead one's jobs.
public struct WorkerID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public let queue: QueueName

    public init(fresh queue: QueueName) {
        self.queue = queue
        rawValue = "\(queue.rawValue).\(UUID().uuidString.lowercased())"
    }

    public init?(_ rawValue: String) {
        guard let queue = QueueName(rawValue: String(rawValue.prefix { $0 != "." })), rawValue.utf8.count <= 64 else {
            return nil
        }
        self.rawValue = rawValue
        self.queue = queue
    }

    public var description: String { rawValue }
}
