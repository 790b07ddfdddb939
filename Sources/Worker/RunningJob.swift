public import JobQueue
public import Model
import Synchronization

/// One attempt of a job, as its handler sees it.
public struct RunningJob: Sendable {
    public let claim: Claim
    let report: @Sendable (ProgressEvent) -> Void
    let lines = AttemptLog()

    public var envelope: JobEnvelope { claim.envelope }
    public var id: JobID { claim.envelope.id }
    public var attempt: Int { claim.attempt }
    /// Rises with every claim; a write with a lower one than what is stored comes from a zombie.
    public var fence: Int64 { claim.fence }

    /// Tells subscribers something about this attempt: at most four messages a second are sent, and always the last.
    public func announce(_ event: ProgressEvent) { report(event) }
}

/// Why a running attempt is being stopped from outside.
enum StopReason: Sendable {
    /// Somebody cancelled the job.
    case cancelled
    case timedOut
    /// The lease was lost: another worker has the job now.
    case abandoned
    /// This process stops and its grace is over.
    case released
}

/// The attempts that run now, so that they can be stopped by ticket.
final class RunningAttempts: Sendable {
    private struct Attempt {
        let deadline: ContinuousClock.Instant
        var task: Task<Void, Never>?
        var reason: StopReason?
    }

    private let attempts = Mutex<[UInt64: Attempt]>([:])

    func begin(_ claim: Claim) {
        let deadline = ContinuousClock.now + .milliseconds(claim.envelope.timeoutMs)
        attempts.withLock { $0[claim.ticket] = Attempt(deadline: deadline) }
    }

    /// Gives the task to stop; stops it at once when that was asked for already.
    func attach(_ task: Task<Void, Never>, to claim: Claim) {
        let isStopped = attempts.withLock { attempts -> Bool in
            guard attempts[claim.ticket] != nil else { return false }
            attempts[claim.ticket]?.task = task
            return attempts[claim.ticket]?.reason != nil
        }
        if isStopped { task.cancel() }
    }

    /// The first reason stands.
    func stop(_ ticket: UInt64, _ reason: StopReason) {
        let task = attempts.withLock { attempts -> Task<Void, Never>? in
            guard let attempt = attempts[ticket], attempt.reason == nil else { return nil }
            attempts[ticket]?.reason = reason
            return attempt.task
        }
        task?.cancel()
    }

    /// Stops those whose envelope's time is up.
    func stopOverdue(at now: ContinuousClock.Instant) {
        let overdue = attempts.withLock { attempts in attempts.filter { $0.value.deadline <= now }.map(\.key) }
        for ticket in overdue { stop(ticket, .timedOut) }
    }

    func stopAll(_ reason: StopReason) {
        for ticket in attempts.withLock({ Array($0.keys) }) { stop(ticket, reason) }
    }

    func reason(for claim: Claim) -> StopReason? { attempts.withLock { $0[claim.ticket]?.reason } }

    func end(_ claim: Claim) { attempts.withLock { _ = $0.removeValue(forKey: claim.ticket) } }
}
