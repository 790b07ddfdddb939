internal import CTimerFD
internal import Foundation
internal import Synchronization

/// Two threads that take turns at the claiming, so that the one that claims may run a job itself.
///
/// To wake a thread for each job takes as long as all of Redis' part in its start. Here the second thread sleeps on a
/// timer, which is only set while a job is run, and goes on with the claiming when that takes longer than a moment.
final class ClaimRelief: Sendable {
    /// How long the claims and settlements of others wait for the job that is run.
    static let patience = Duration.microseconds(250)

    /// Returns true when another thread goes on with it, false when there is nothing more to claim.
    typealias Claiming = @Sendable () -> Bool

    private struct State {
        var offered: Claiming?
        /// Whether a thread sleeps on the timer.
        var isReady = false
        var hasEnded = false
    }

    private let timer: OneShotTimer
    private let state = Mutex(State())

    /// Nil: the system has no descriptor left for a timer.
    init?() {
        guard let timer = OneShotTimer() else { return nil }
        self.timer = timer
    }

    /// Begins with `claiming`. The threads end when it does.
    func start(_ claiming: @escaping Claiming) {
        run { [self] in serve(claiming) }
        run { [self] in serve(nil) }
    }

    private func run(_ body: @escaping @Sendable () -> Void) {
        // Jobs run here, too.
        Thread.start(named: "queue-claim", stackBytes: 8 << 20, body)
    }

    /// Whether ``run(_:meanwhile:)`` may be called: not while the other thread still runs a job.
    var isReady: Bool { state.withLock { $0.isReady } }

    /// Runs a job on the claiming thread.
    ///
    /// - Returns: true when that took so long that the other thread goes on with `claiming`.
    func run(_ job: () -> Void, meanwhile claiming: @escaping Claiming) -> Bool {
        state.withLock { $0.offered = claiming }
        timer.set(Self.patience)
        job()
        let isPassedOn = state.withLock { state in
            defer { state.offered = nil }
            return state.offered == nil
        }
        if !isPassedOn { timer.clear() }
        return isPassedOn
    }

    private func serve(_ first: Claiming?) {
        var next = first
        while let claiming = next ?? awaitOffer() {
            next = nil
            guard claiming() else { return end() }
        }
    }

    /// Nil: there is nothing more to claim.
    private func awaitOffer() -> Claiming? {
        state.withLock { $0.isReady = true }
        while true {
            // What rang too late is no offer any more.
            let (offer, hasEnded) = state.withLock { state in
                defer { state.offered = nil }
                if state.offered != nil { state.isReady = false }
                return (state.offered, state.hasEnded)
            }
            if hasEnded { return nil }
            if let offer { return offer }
            timer.wait()
        }
    }

    private func end() {
        state.withLock { $0.hasEnded = true }
        timer.set(.nanoseconds(1))
    }
}

/// A timer that rings once, which one thread sets and another one sleeps on.
private struct OneShotTimer: ~Copyable, Sendable {
    private let descriptor: Int32

    init?() {
        descriptor = ctf_make()
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    func set(_ delay: Duration) { ctf_set(descriptor, UInt64(max(1, delay / .nanoseconds(1)))) }

    func clear() { ctf_set(descriptor, 0) }

    /// Until the timer rings, or a signal comes.
    func wait() {
        var rings: UInt64 = 0
        _ = read(descriptor, &rings, MemoryLayout.size(ofValue: rings))
    }
}
