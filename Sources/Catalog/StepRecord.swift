public import Foundation
public import Model

/// The claim under which a worker speaks for a job. A claim with a lower fence than one seen before changes nothing.
public struct JobClaim: Sendable, Hashable {
    public var job: JobID
    public var fence: Int64
    public var attempt: Int

    public init(job: JobID, fence: Int64, attempt: Int) {
        self.job = job
        self.fence = fence
        self.attempt = attempt
    }
}

/// What a worker is told when it begins a step.
public enum StepStart: Sendable {
    case run(StepFacts)
    /// The effect is recorded already: announce and enqueue this again, then acknowledge.
    case alreadyDone(StepOutcome)
    /// The batch or job was cancelled or deleted: acknowledge.
    case cancelled
    /// A newer claim of the job has begun: drop everything.
    case fenced
}

/// What a step works on.
public struct StepFacts: Sendable {
    public var job: JobRecord
    public var batch: Batch
    /// Nil for a step of the whole batch.
    public var asset: Asset?
    /// How often the asset's content has crashed this operation, with whichever asset it came; nil: never.
    public var crashes: PastCrashes?
}

/// What a step found or made, to be recorded with its asset.
public enum StepResult: Sendable, Hashable {
    case nothing
    case scan(ScanReport)
    /// The name is proposed as `stem.extension`, or `stem-2.extension` and so on where that is taken; a person's name
    /// stays. Nil: the asset keeps the name it has.
    case analysis(AnalysisReport, name: NameStem?)
    /// Only a name, for files that are not analysed.
    case name(NameStem)
    /// All outputs of the asset; earlier ones are forgotten.
    case variants([StoredVariant])
}

/// A name without a number. The caller has made it safe; it is cut so that the whole name stays within 255 bytes.
public struct NameStem: Sendable, Hashable {
    public var stem: String
    /// Without the dot; may be empty.
    public var fileExtension: String

    public init(stem: String, fileExtension: String) {
        self.stem = stem
        self.fileExtension = fileExtension
    }
}

/// What follows a step of an asset.
public enum NextStep: Sendable, Hashable {
    case job(QueuedJob)
    /// It was the last one: the asset is complete.
    case assetCompleted
}

/// What was done with what, by which engine: kept for each effect.
public struct Receipt: Sendable, Hashable {
    /// Lower-case hex.
    public var inputSHA256: String?
    public var outputSHA256: [String]
    /// Names and versions: `["clamav": "1.4.6"]`.
    public var engine: [String: String]

    public init(inputSHA256: String? = nil, outputSHA256: [String] = [], engine: [String: String] = [:]) {
        self.inputSHA256 = inputSHA256
        self.outputSHA256 = outputSHA256
        self.engine = engine
    }
}

/// A receipt as recorded.
public struct RecordedEffect: Sendable, Hashable {
    public var effect: String
    public var fence: Int64
    public var attempt: Int
    public var receipt: Receipt
    public var at: Date
}

/// What became of the report of a step.
public enum StepCompletion: Sendable {
    case recorded(StepOutcome)
    /// Somebody recorded this effect before: the caller's outputs are not needed; announce and enqueue this again.
    case alreadyDone(StepOutcome)
    case cancelled
    /// A newer claim exists, or the asset is past this step: nothing was changed.
    case fenced
}

/// The state after a step was recorded: what to announce, and what to enqueue.
public struct StepOutcome: Sendable {
    /// Nil for a step of the whole batch.
    public var asset: Asset?
    public var batch: Batch
    /// To be enqueued now; recorded already, so a crash in between loses nothing.
    public var followUps: [QueuedJob]
    /// Whether the asset is in a final status.
    public var assetIsFinished: Bool { asset?.status.isFinal ?? false }
    /// Whether this job completed or failed the batch: at this very call, or before, and who did it may not have told.
    public var batchJustEnded: Bool
    /// Why the job is dead, where it was found so: the queue has not learned of that yet.
    public var deadBecause: RecordedError?
}
