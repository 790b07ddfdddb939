internal import CrashPoints
internal import Foundation
internal import Logging
internal import Model
internal import Redis

extension Consumer {
    /// Renews the lease; gives the jobs up when that has failed for too long.
    func heartbeatLoop() {
        CrashPoint.leaveOutThisThread()
        var connection: RedisConnection?
        while !stopped.waitUntilSet(atMost: min(settings.heartbeat, .milliseconds(200))) {
            let (worker, needsRegistration, last) = state.withLock { ($0.worker, $0.needsRegistration, $0.lastRenewal) }
            guard let last else { continue }
            if ContinuousClock.now - last >= settings.selfFence { fenceSelf() }
            guard !needsRegistration, ContinuousClock.now - last >= settings.heartbeat else { continue }
            do throws(RedisError) {
                if connection == nil { connection = try connect("lease") }
                let answer = try renew(worker, &connection!)  // opened above when it was nil
                state.update { state in
                    guard state.worker == worker else { return }
                    switch answer {
                    case "ok":
                        state.lastRenewal = .now
                        if state.isSelfFenced { state.reconcileAt = .now }
                        state.isSelfFenced = false
                    case "fenced": state.isFenced = true
                    default: state.needsRegistration = true
                    }
                }
            } catch {
                if error.breaksConnection || error.passes { connection = nil }
                logger.warning("Lease not renewed", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func renew(_ worker: WorkerID, _ connection: inout RedisConnection) throws(RedisError) -> String {
        let host = HostIdentity.current
        let reply = try connection.run(
            QueueScripts.heartbeat,
            keys: [
                .text(keys.workers), .text(keys.worker(worker)), .text(keys.tombstone(worker)),
                .text(keys.host(host?.host ?? "unknown")),
            ],
            [
                .text(worker.rawValue), .int(settings.lease.milliseconds), .int(settings.lease.milliseconds * 6),
                .text(host?.entry ?? ""),
            ] + registryFields())
        return reply.string ?? ""
    }

    /// The lease may be over soon and others may run these jobs: stop before they start.
    private func fenceSelf() {
        let claims = state.update { state in
            guard !state.isSelfFenced else { return [Claim]() }
            state.isSelfFenced = true
            state.arrival = nil
            return state.abandonHeld()
        }
        guard !claims.isEmpty else { return }
        logger.error("No contact with Redis; jobs are given up", metadata: ["jobs": "\(claims.count)"])
        callbacks.abandon(claims)
    }

    /// Listens to cancellations, pauses and resumptions. What is missed here, the reconciliation finds.
    func controlLoop() {
        CrashPoint.leaveOutThisThread()
        var orders = Subscription(
            redis, name: "\(settings.namespace)-\(queue.rawValue)-orders", channels: [keys.controlChannel])
        while !stopped.withLock({ $0 }) {
            switch orders.receive(within: .milliseconds(250)) {
            case .message(_, let payload, _): obey(String(decoding: payload, as: UTF8.self))
            case .subscribed, .reconnected: state.update { $0.reconcileAt = .now }
            case nil: break
            }
        }
    }

    private func obey(_ order: String) {
        let words = order.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { return }
        switch words[0] {
        case "cancel": cancelRunning(words[1])
        case "pause" where words[1] == queue.rawValue: state.update { $0.isPaused = true }
        case "resume" where words[1] == queue.rawValue:
            state.update { state in
                state.isPaused = false
                state.mayHaveWork = true
            }
        default: break
        }
    }
}
