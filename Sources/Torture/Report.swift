import Catalog
import Model

/// What a run has shown.
public struct Report: Sendable, Codable {
    /// Milliseconds.
    public struct Spread: Sendable, Codable {
        public var count: Int
        public var p50Ms, p99Ms, maxMs: Double?

        init(_ samples: Samples) {
            count = samples.count
            p50Ms = samples.percentile(50).map { $0.inSeconds * 1_000 }
            p99Ms = samples.percentile(99).map { $0.inSeconds * 1_000 }
            maxMs = samples.maximum.map { $0.inSeconds * 1_000 }
        }
    }

    public var namespace: String
    public var seed: UInt64
    public var seconds: Double
    public var workers, slots: Int
    /// Those that were made, by kind.
    public var faults: [String: Int]
    /// Kinds that cannot be made here, and why.
    public var impossibleFaults: [String: String] = [:]

    public var enqueued = 0, done = 0, dead = 0, cancelled = 0
    /// Not over when the wait was: lost as far as anybody can tell.
    public var pending = 0
    /// Accepted, and unknown to the record.
    public var missing = 0
    /// Ended in a way that was not possible for the job.
    public var wrongEnds = 0
    /// Recorded ends that changed later.
    public var duplicateEffects = 0
    public var executions = 0
    /// Objects and numbers that done jobs have left, and that are as they should be.
    public var rightEffects = 0
    /// Done jobs whose effect is missing, of another attempt, or damaged.
    public var wrongEffects: [String] = []
    /// Objects of attempts that did not count.
    public var abandonedObjects = 0
    /// Executions beyond what was asked for. At least once is what is promised.
    public var duplicateExecutions = 0
    /// Executions that began after the job's end was recorded.
    public var executionsAfterTheEnd = 0
    /// Jobs that the full queue refused; they count as cancelled.
    public var refused = 0
    public var falseRescues: [String] = []
    /// What the queue held in the end.
    public var leftovers: [String] = []
    /// Workers that ended by themselves, or by another signal than what was sent.
    public var crashes: [String] = []
    /// Workers that did not exit with 0 after SIGTERM: still starting, or too slow.
    public var uncleanStops: [String] = []
    public var settleSeconds = 0.0
    /// How long this machine left a process waiting for a processor at the worst.
    public var longestStallMs = 0.0
    /// From the kill of a worker to the next start of each job it held.
    public var rescue: Spread
    /// From the request to the subscriber's JOB_CANCELLED, for jobs that ran.
    public var cancel: Spread
    /// The jobs that ran most often beyond what they were to.
    public var mostRepeated: [String] = []
    /// The first few jobs that are not as they should be.
    public var examples: [String] = []

    public var madeFaults: Int { faults.values.reduce(0, +) }

    public var lost: Int { pending + missing }

    /// Whether every promise was kept.
    public var isClean: Bool { problems.isEmpty }

    /// The broken promises, a line each: counts first, then what is known of them.
    public var problems: [String] {
        let counts = [
            (lost, "lost"), (duplicateEffects, "duplicate effects"), (wrongEnds, "impossible ends"),
            (wrongEffects.count, "wrong effects"), (leftovers.count, "left in the queue"),
            (falseRescues.count, "false rescues"), (crashes.count, "crashed workers"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let details = leftovers + falseRescues + crashes.prefix(20) + wrongEffects.prefix(20)
        return counts.isEmpty ? [] : counts + details + examples
    }

    mutating func count(_ entries: [Ledger.Entry], recorded: Set<Int>, names: JobNames) {
        enqueued = entries.count
        for (number, entry) in entries.enumerated() {
            let verdict = entry.verdict(isRecorded: recorded.contains(number))
            switch verdict {
            case .done: done += 1
            case .dead: dead += 1
            case .cancelled: cancelled += 1
            case .pending: pending += 1
            case .missing: missing += 1
            case .wrong(let state):
                wrongEnds += 1
                switch state {
                case .done: done += 1
                case .dead: dead += 1
                default: cancelled += 1
                }
            }
            if entry.wasRefused { refused += 1 }
            if entry.endedAgain { duplicateEffects += 1 }
            executions += Int(entry.starts)
            duplicateExecutions += entry.extraStarts
            executionsAfterTheEnd += Int(entry.lateStarts)
            let isWrong = entry.endedAgain || ![.done, .dead, .cancelled].contains(verdict)
            if isWrong, examples.count < 20 {
                examples.append("\(names.namespace).\(number): \(verdict); \(entry.description)")
            }
        }
        let repeated = entries.indices.filter { entries[$0].extraStarts > 0 }
            .sorted { (entries[$0].extraStarts, $1) > (entries[$1].extraStarts, $0) }
        mostRepeated = repeated.prefix(5).map { "\(names.namespace).\($0): \(entries[$0].description)" }
    }
}
