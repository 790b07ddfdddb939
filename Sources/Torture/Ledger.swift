import Catalog
import Foundation
import Model
import Synchronization

/// Every job that was accepted, and what was seen of it: the memory that the record and the queue are held against.
final class Ledger: Sendable {
    struct Entry: Sendable, Hashable {
        var plan: JobPlan
        /// The queue took no more, and the client was told so.
        var wasRefused = false
        var starts: Int32 = 0
        /// Starts after the record was seen to hold its end.
        var lateStarts: Int32 = 0
        /// As first seen in the record once it was final.
        var end: End?
        var endedAgain = false
        var cancelRequestedAt: ContinuousClock.Instant?
    }

    /// What the record says of an end; without the id, as there may be millions.
    struct End: Sendable, Hashable {
        var state: JobState
        var fence: Int64
        var attempt: Int32
        var errorCode: String?
        var finishedAt: Date?

        init(_ end: JobEnd) {
            state = end.state
            fence = end.fence
            attempt = Int32(clamping: end.attempt)
            errorCode = end.errorCode
            finishedAt = end.finishedAt
        }
    }

    private struct State {
        var entries: [Entry] = []
        var unended: Set<Int> = []
        /// Jobs that a killed process held: when it was, and which process.
        var orphans: [Int: (since: ContinuousClock.Instant, incarnation: Int)] = [:]
        var rescues = Samples()
        var cancels = Samples()
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.entries.count } }
    var unendedCount: Int { state.withLock { $0.unended.count } }

    /// Enters jobs, numbered from what ``count`` was.
    func accepted(_ plans: [JobPlan]) {
        state.withLock { state in
            for plan in plans {
                state.unended.insert(state.entries.count)
                state.entries.append(Entry(plan: plan))
            }
        }
    }

    func refused(_ numbers: Range<Int>) {
        state.withLock { state in for number in numbers { state.entries[number].wasRefused = true } }
    }

    func hasStarted(_ number: Int) -> Bool { state.withLock { $0.entries[number].starts > 0 } }
    func hasEnded(_ number: Int) -> Bool { state.withLock { !$0.unended.contains(number) } }

    /// A handler began, as seen on its way to Redis.
    func started(_ number: Int, by incarnation: Int) {
        state.withLock { state in
            guard state.entries.indices.contains(number) else { return }
            state.entries[number].starts += 1
            if state.entries[number].end != nil { state.entries[number].lateStarts += 1 }
            if let orphan = state.orphans[number], orphan.incarnation != incarnation {
                state.orphans[number] = nil
                state.rescues.add(.now - orphan.since)
            }
        }
    }

    /// These were on the run list of a process that was killed just now.
    func orphaned(_ numbers: [Int], by incarnation: Int, at instant: ContinuousClock.Instant) {
        state.withLock { state in
            for number in numbers where state.unended.contains(number) {
                state.orphans[number] = (instant, incarnation)
            }
        }
    }

    func cancelRequested(_ number: Int) { state.withLock { $0.entries[number].cancelRequestedAt = .now } }

    /// The job's subscribers were told that it is cancelled.
    func toldCancelled(_ number: Int) {
        state.withLock { state in
            guard state.entries.indices.contains(number), state.entries[number].starts > 0,
                let since = state.entries[number].cancelRequestedAt
            else { return }
            state.entries[number].cancelRequestedAt = nil
            state.cancels.add(.now - since)
        }
    }

    func unended(limit: Int) -> [Int] { state.withLock { Array($0.unended.sorted().prefix(limit)) } }

    /// What the record says now. An end that was seen before must stand as it was.
    func observe(_ number: Int, _ found: JobEnd) {
        state.withLock { state in
            guard found.state.isFinal else {
                if state.entries[number].end != nil { state.entries[number].endedAgain = true }
                return
            }
            state.unended.remove(number)
            if let before = state.entries[number].end {
                if before != End(found) { state.entries[number].endedAgain = true }
            } else {
                state.entries[number].end = End(found)
            }
        }
    }

    func entries() -> [Entry] { state.withLock { $0.entries } }
    func samples() -> (rescues: Samples, cancels: Samples) { state.withLock { ($0.rescues, $0.cancels) } }
}

extension Ledger.Entry {
    enum Verdict: Sendable, Hashable {
        case done, dead, cancelled
        /// Recorded, and still not over.
        case pending
        /// The record does not know it.
        case missing
        /// Over, in a way that was not possible for it.
        case wrong(JobState)
    }

    /// - Parameter isRecorded: whether the record has a row for it.
    func verdict(isRecorded: Bool) -> Verdict {
        guard isRecorded else { return .missing }
        guard let end else { return .pending }
        guard plan.permits(end.state, code: end.errorCode) || wasRefused && end.state == .cancelled else {
            return .wrong(end.state)
        }
        return switch end.state {
        case .done: .done
        case .dead: .dead
        default: .cancelled
        }
    }

    var description: String {
        let end = end.map { "\($0.state) (\($0.errorCode ?? "-"), attempt \($0.attempt))" } ?? "not over"
        return "\(plan), \(end), \(starts) starts, \(lateStarts) after its end"
    }

    /// Executions beyond what the plan asks for.
    var extraStarts: Int {
        max(0, Int(starts) - (plan.expectedStarts ?? 1))
    }
}
