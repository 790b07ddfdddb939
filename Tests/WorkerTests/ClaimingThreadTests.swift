import Foundation
import JobQueue
import Model
import Synchronization
import TestServers
import Testing
import Worker

/// Blocks its thread until it is let go, and notes on which thread it began.
private struct Blocker: JobHandler {
    final class Gate: Sendable {
        let isOpen = Atomic(false)
        let began = Mutex<[String: pthread_t]>([:])
    }

    let kind = "block"
    let gate: Gate

    func run(_ job: RunningJob) async throws -> JobOutcome {
        gate.began.withLock { $0[job.id.rawValue] = pthread_self() }
        if job.envelope.payload["blocks"] == true {
            while !gate.isOpen.load(ordering: .relaxed) { usleep(1_000) }
        }
        return JobOutcome(result: .null)
    }
}

/// The thread that claims also runs jobs: that must never hold up the others.
@Suite struct ClaimingThreadTests {
    @Test("Jobs that block their threads leave the claiming alone", arguments: 1...3)
    func blocked(count: Int) async throws {
        let gate = Blocker.Gate()
        try await withLoneWorker(slots: count + 1, { _ in [Blocker(gate: gate)] }) { queue in
            // Opened whatever happens, since the worker waits for its threads.
            defer { gate.isOpen.store(true, ordering: .relaxed) }
            var blocking: [JobID] = []
            for number in 0..<count {
                let job = JobEnvelope(kind: "block", payload: ["blocks": true])
                blocking.append(job.id)
                _ = try await queue.enqueue([job], on: .export)
                try await eventually("blocked \(number)") { gate.began.withLock { $0[job.id.rawValue] != nil } }
            }
            for _ in 0..<20 {
                let job = JobEnvelope(kind: "block", payload: ["blocks": false])
                _ = try await queue.enqueue([job], on: .export)
                try await eventually("done") { try await queue.state(of: job.id)?.state == .done }
            }
            for id in blocking { #expect(try await queue.state(of: id)?.state == .running) }
            gate.isOpen.store(true, ordering: .relaxed)
            for id in blocking {
                try await eventually("let go") { try await queue.state(of: id)?.state == .done }
            }
        }
    }

    @Test("Short jobs that come one by one run on the thread that claims") func stays() async throws {
        let gate = Blocker.Gate()
        try await withLoneWorker(slots: 4, { _ in [Blocker(gate: gate)] }) { queue in
            for _ in 0..<40 {
                let job = JobEnvelope(kind: "block", payload: ["blocks": false])
                _ = try await queue.enqueue([job], on: .export)
                try await eventually("done") { try await queue.state(of: job.id)?.state == .done }
            }
            // Two take turns at it; a job that took long for once goes on on another thread.
            let threads = gate.began.withLock { began in
                Dictionary(grouping: began.values, by: { $0 }).map(\.value.count).sorted(by: >)
            }
            #expect(threads.prefix(2).reduce(0, +) >= 30, "\(threads)")
        }
    }
}
