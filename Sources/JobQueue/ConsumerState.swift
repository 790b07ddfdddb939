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

    /// What one exchange has claimed, as it came.
    struct Arrival {
        var number: UInt64
        var raws: [[UInt8]]
        var firstFence: Int64
        var at: Date
        /// Redis has to be asked before they begin: something is cancelled, lacks an id, or has a unique key.
        var needsCheck: Bool
    }

    var worker: WorkerID
    var slots: Int
    var isDraining = false
    /// Nothing new, and leave once everything is settled.
    var isStopping = false
    var hasLeft = false

    /// Claimed, not begun: that happens while the next exchange is on its way, or at once when there is none.
    var arrival: Arrival?
    /// Ids of jobs that were cancelled while there was an arrival: it may have them.
    var cancelledOnArrival: Set<String> = []
    /// Jobs being run, by ticket.
    var held: [UInt64: Held] = [:]
    /// Settlements not yet sent.
    var pending: [Settlement] = []
    /// Settlements sent, their answer awaited: sent again under the same number until it comes.
    var inFlight: [Settlement] = []
    var reports: [Report] = []
    /// Claims whose start is not told yet. A job that ends before that needs only one message.
    var untold: [UInt64] = []

    /// Jobs claimed beyond the slots, since those before were answered at once.
    var ahead = 0
    var mayHaveWork = true
    /// What the claiming thread has asked while it sleeps.
    var question: Question?
    var recheckAt: ContinuousClock.Instant?
    var isPaused = false
    /// The queue's jobs are in lanes: what ends may let another one start.
    var isSorted = false

    var fence = FenceStanding.unknown
    var needsRegistration = true
    var isFenced = false
    var isSelfFenced = false
    var reconcileAt = ContinuousClock.now
    var lastRenewal: ContinuousClock.Instant?
    var isConnected = false

    var nextTicket: UInt64 = 1
    var claimed = 0
    var settled = 0
    var fencedCount = 0

    var running: Int { held.count + (arrival?.raws.count ?? 0) }

    /// Whether jobs are taken at all.
    var isOpen: Bool { !(isDraining || isStopping || isSelfFenced) }

    /// Jobs the next exchange may claim.
    var claimable: Int { isOpen && held.count < slots ? max(0, slots + ahead - running) : 0 }

    /// Jobs that need no slot are claimed in ever larger numbers; the first that needs one ends that.
    mutating func noteImmediate(_ isAllImmediate: Bool, limits: QueueLimits) {
        // What goes back would count against a rate.
        ahead = isAllImmediate && limits == QueueLimits() ? min(200, max(8, ahead * 2)) : 0
    }

    var isFenceSound: Bool {
        if case .sound = fence { true } else { false }
    }

    /// Whether the next exchange can be one that claims.
    var canClaim: Bool {
        mayHaveWork && claimable > 0 && inFlight.isEmpty && !needsRegistration && !isFenced && isFenceSound
    }

    /// Whether a claim may stand behind the question whether the queue has something. Where jobs are in lanes or limited,
    /// the list alone does not tell.
    func mayClaimByPeek(at server: String) -> Bool {
        arrival == nil && inFlight.isEmpty && !isSorted && !isFenced && fence == .sound(server: server)
    }

    /// Whether news of the queue would lead to a claim.
    var wantsPeek: Bool { claimable > 0 && !isPaused && !mayHaveWork && !needsRegistration && isConnected }

    /// Whether there is something to send besides settlements.
    var hasNews: Bool { !reports.isEmpty || !untold.isEmpty }

    var isIdle: Bool { running == 0 && pending.isEmpty && inFlight.isEmpty && reports.isEmpty }

    /// Everything this process answers for: what its run list has to hold.
    var raws: [[UInt8]] {
        held.values.map(\.claim.raw) + (arrival?.raws ?? []) + pending.map(\.raw) + inFlight.map(\.raw)
    }

    /// Forgets the jobs being run, and returns them, oldest first.
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
