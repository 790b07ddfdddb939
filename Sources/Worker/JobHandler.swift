public import Model

/// Runs the jobs of one kind.
public protocol JobHandler: Sendable {
    /// The envelope's `kind`.
    var kind: String { get }

    /// The result of a job that takes neither waiting nor I/O nor noticeable time; nil: it is run.
    ///
    /// Called on the thread that claims, for single jobs without a row in the record only.
    func immediateResult(of envelope: JobEnvelope) -> JSONValue?

    /// Runs one attempt. It may run again after a crash: what it leaves behind must be safe to repeat.
    ///
    /// - Throws: ``JobFailure`` decides by its cause what happens next; any other error counts as `internal`.
    func run(_ job: RunningJob) async throws -> JobOutcome

    /// Called when no attempt is left or the job was cancelled, before it is settled in Redis. May be called again after
    /// a crash.
    func gaveUp(_ job: RunningJob, after failure: JobFailure) async throws -> JobOutcome
}

extension JobHandler {
    public func immediateResult(of envelope: JobEnvelope) -> JSONValue? { nil }

    public func gaveUp(_ job: RunningJob, after failure: JobFailure) async throws -> JobOutcome { JobOutcome() }
}

/// What a finished job leaves for the queue.
public struct JobOutcome: Sendable {
    public var result: JSONValue
    /// Jobs that are enqueued in the same script as the acknowledgement.
    public var followUps: [(QueueName, JobEnvelope)]
    /// Announced before the acknowledgement, so that a crash in between repeats rather than loses them.
    public var announcements: [Announcement]

    public init(
        result: JSONValue = .null, followUps: [(QueueName, JobEnvelope)] = [], announcements: [Announcement] = []
    ) {
        self.result = result
        self.followUps = followUps
        self.announcements = announcements
    }
}

/// An event, with what else the snapshot of its subject is to say.
public struct Announcement: Sendable, Hashable {
    public var event: ProgressEvent
    /// Further fields of the snapshot hash: `status`, `total`, `processed` …
    public var fields: [String: String]

    public init(_ event: ProgressEvent, fields: [String: String] = [:]) {
        self.event = event
        self.fields = fields
    }
}
