internal import Foundation
internal import Model

/// What a consumer's threads share.
struct ConsumerState {
    struct Held {
        var claim: Claim
        var cancelSent = false
        var throttle = ProgressThrottle<Report>()
    }

    /// A progress message on its way.
    struct Report: Sendable {
        var record: ProgressRecord
        var claim: Claim
    }

    var worker: WorkerID
    var slots: Int
    var isDraining = false
    /// Nothing new, and leave once everything is settled.
    var isStopping = false
    var hasLeft = false

    /// Jobs being run, by ticket.
    var held: [UInt64: Held] = [:]
    /// Settlements not yet sent.
    var pending: [Settlement] = []
    /// Settlements sent, their answer awaited: sent again under the same number until it comes.
    var inFlight: [Settlement] = []
    var reports: [Report] = []
    /// Claims whose start is not told yet. A job that ends before that needs only one message.
    var untold: [UInt64] = []

    var mayHaveWork = true
    var recheckAt: ContinuousClock.Instant?
    var isPaused = false
    var isPeeking = false

    var needsRegistration = true
    var isFenced = false
    var isSelfFenced = false
    var reconcileAt = ContinuousClock.now
    var lastRenewal: ContinuousClock.Instant?
    var isConnected = false
    var peekClientID: Int64 = 0

    var nextTicket: UInt64 = 1
    var claimed = 0
    var settled = 0
    var fencedCount = 0

    var freeSlots: Int { isDraining || isStopping || isSelfFenced ? 0 : max(0, slots - held.count) }

    /// Whether there is something to send besides settlements.
    var hasNews: Bool { !reports.isEmpty || !untold.isEmpty }

    var isIdle: Bool { held.isEmpty && pending.isEmpty && inFlight.isEmpty && reports.isEmpty }

    /// Everything this process answers for: what its run list has to hold.
    var raws: [[UInt8]] { held.values.map(\.claim.raw) + pending.map(\.raw) + inFlight.map(\.raw) }

    /// Forgets the jobs being run and returns them, oldest first.
    mutating func abandonHeld() -> [Claim] {
        let claims = held.values.map(\.claim).sorted { $0.ticket < $1.ticket }
        held = [:]
        reports.removeAll { report in claims.contains(report.claim) }
        return claims
    }

    /// Messages whose time has come move to `reports`; returns when to look again.
    mutating func collectReports(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var next: ContinuousClock.Instant?
        for ticket in held.keys {
            guard let due = held[ticket]?.throttle.dueAt else { continue }
            if due <= now {
                if let report = held[ticket]?.throttle.take(at: now) { reports.append(report) }
            } else {
                next = min(next ?? due, due)
            }
        }
        return next
    }
}
