import Catalog
import Foundation
import JobQueue
import Model
import Redis

/// The clients of a run: accepts jobs as `POST /v1/jobs` does, cancels some as `DELETE /v1/jobs/{id}` does, and reads how
/// all of them end.
struct Traffic: Sendable {
    let catalog: Catalog
    let queue: JobQueue
    let ledger: Ledger
    let names: JobNames
    /// Where the workers of the run are.
    let place: QueueName
    let jobsPerSecond: Int

    /// Accepts jobs as long as it is told to; the cancellations that belong to them are made before it returns.
    func produce(_ seed: UInt64, while goesOn: @Sendable () -> Bool) async {
        var mix = JobMix(seed: seed)
        await withDiscardingTaskGroup { group in
            var next = ContinuousClock.now
            var owed = 0.0
            while goesOn() {
                next += .milliseconds(100)
                owed += Double(jobsPerSecond) / 10
                let count = Int(owed)
                owed -= Double(count)
                // A fleet that cannot keep up is not buried: what takes long to drain proves nothing more.
                if count > 0, ledger.unendedCount < max(500, jobsPerSecond * 5) {
                    let plans = (0..<count).map { _ in mix.next() }
                    await accept(plans, &group)
                }
                try? await Task.sleep(until: next)
                next = max(next, .now - .seconds(1))
            }
        }
    }

    private func accept(_ plans: [JobPlan], _ group: inout DiscardingTaskGroup) async {
        let first = ledger.count
        let jobs = zip(first..., plans).compactMap { number, plan in
            names.envelope(number, plan, at: Date()).map { QueuedJob(queue: place, envelope: $0) }
        }
        // A client that got no answer asks again with the same key; only then is the job accepted.
        while true {
            do {
                try await catalog.recordJobs(jobs)
                break
            } catch {
                // The run has failed.
                if Task.isCancelled { return }
                await pause(.milliseconds(200))
            }
        }
        ledger.accepted(plans)
        do throws(JobQueueError) {
            _ = try await queue.enqueue(jobs.map(\.envelope), on: place)
        } catch {
            switch error {
            case .unavailable: break  // the reconciler brings it
            default: await refuse(jobs, first)
            }
        }
        for (number, plan) in zip(first..., plans) {
            guard let after = plan.cancelAfter else { continue }
            group.addTask { await cancel(number, after: after) }
        }
    }

    private func refuse(_ jobs: [QueuedJob], _ first: Int) async {
        ledger.refused(first..<(first + jobs.count))
        for job in jobs {
            _ = try? await catalog.jobEnded(
                job.envelope.id, claim: nil, state: .cancelled,
                error: RecordedError(code: "not_accepted", message: "The queue took no more jobs."))
        }
    }

    private func cancel(_ number: Int, after: Duration) async {
        await pause(after)
        guard let id = names.id(number) else { return }
        for _ in 0..<40 where !ledger.hasEnded(number) {
            if ledger.hasStarted(number) { ledger.cancelRequested(number) }
            do {
                try await queue.cancel([id])
                try await catalog.jobEnded(
                    id, claim: nil, state: .cancelled,
                    error: RecordedError(code: "cancelled", message: "The job was cancelled."))
                return
            } catch {
                await pause(.milliseconds(250))
            }
        }
    }

    /// Listens for cancellations until the task is cancelled.
    func listen(_ subscriber: RedisSubscriber) async {
        let prefix = "\(names.namespace):progress:"
        for await event in subscriber.events(on: prefix + "*", bufferingNewest: 10_000) {
            guard case .message(let channel, let payload) = event,
                let id = JobID(String(channel.dropFirst(prefix.utf8.count))), let number = names.number(id),
                payload.firstRange(of: Array(#""JOB_CANCELLED""#.utf8)) != nil
            else { continue }
            ledger.toldCancelled(number)
        }
    }

    /// Reads the ends of jobs from the record until the task is cancelled.
    func follow() async {
        while !Task.isCancelled {
            _ = try? await read(ledger.unended(limit: 5_000))
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    /// - Returns: those that the record knows.
    @discardableResult
    func read(_ numbers: [Int]) async throws -> Set<Int> {
        var known: Set<Int> = []
        for start in stride(from: 0, to: numbers.count, by: 1_000) {
            let some = numbers[start..<min(start + 1_000, numbers.count)]
            for end in try await catalog.jobEnds(some.compactMap { names.id($0) }) {
                guard let number = names.number(end.id) else { continue }
                known.insert(number)
                ledger.observe(number, end)
            }
        }
        return known
    }
}
