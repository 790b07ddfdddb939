import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// What may happen to a job while it waits for others.
@Suite struct WaitingJobTests {
    @Test func cancellingEndsItAtOnce() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        var job = waiting(for: [.random()])
        job.uniqueKey = "only one"
        _ = try await rig.queue.enqueue([job], on: .scan)
        try await eventually("waits") { try await rig.state(job.id) == .waiting }
        worker.consumer.shutDown()
        try await rig.queue.cancel([job.id])
        let snapshot = try #require(try await rig.queue.snapshot(job.id.rawValue))
        #expect(snapshot.status == "cancelled" && snapshot.event == "JOB_CANCELLED" && snapshot.seq == 2)
        #expect(try await rig.stats().awaiting == 0)
        #expect(try await rig.count("EXISTS", rig.keys.needs(.scan, job.id)) == 0)
        var next = echo()
        next.uniqueKey = "only one"
        #expect(try await rig.queue.enqueue([next], on: .scan) == [.enqueued(next.id)])
    }

    /// What would have woken it was lost, with a server that fell back or by hand.
    @Test func anEndThatNobodyToldIsFound() async throws {
        let rig = try Rig(tune: Rig.impatient)
        let worker = TestWorker(rig)
        let (first, second) = (echo(), JobID.random())
        _ = try await rig.queue.enqueue([waiting(for: [first.id], id: second)], on: .scan)
        try await eventually("waits") { try await rig.state(second) == .waiting }
        try await rig.client.send(["HSET", .text(rig.keys.snapshot(first.id.rawValue)), "status", "done"])
        #expect(try await worker.claim().envelope.id == second)
    }

    @Test func whatAWaitingJobNeedsIsKeptAndMadeAgain() async throws {
        let rig = try Rig(tune: Rig.impatient)
        let worker = TestWorker(rig)
        let first = echo()
        _ = try await rig.queue.enqueue([first], on: .scan)
        let claim = try await worker.claim()
        let second = JobID.random()
        _ = try await rig.queue.enqueue([waiting(for: [first.id], id: second)], on: .scan)
        try await eventually("waits") { try await rig.state(second) == .waiting }
        let dependents = "{\(rig.settings.namespace)}:dependents:\(first.id)"
        let own = [rig.keys.needs(.scan, second), rig.keys.snapshot(second.rawValue)]
        for key in own + [dependents] { try await rig.client.send(["PEXPIRE", .text(key), 60_000]) }
        for key in own + [dependents] {
            try await eventually("\(key) is kept") { try await rig.count("PTTL", key) > 60_000 }
        }
        try await rig.client.send(["DEL", .text(dependents)])
        try await eventually("made again") { try await rig.count("EXISTS", dependents) == 1 }
        worker.consumer.finish(claim, .done())
        #expect(try await worker.claim(1).envelope.id == second)
    }

    /// It has waited its turn already.
    @Test func aWokenJobComesBeforeThoseInTheQueue() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig, slots: 1)
        let (first, second) = (echo(), JobID.random())
        _ = try await rig.queue.enqueue([waiting(for: [first.id], id: second)], on: .scan)
        try await eventually("waits") { try await rig.state(second) == .waiting }
        _ = try await rig.queue.enqueue([first, echo(), echo()], on: .scan)
        worker.consumer.finish(try await worker.claim(), .done())
        #expect(try await worker.claim(1).envelope.id == second)
    }

    @Test func itExpiresOnTime() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig) { _ in .done() }
        var job = waiting(for: [.random()])
        job.expiresAt = Date().addingTimeInterval(3)
        _ = try await rig.queue.enqueue([job], on: .scan)
        try await eventually("dead") { try await rig.state(job.id) == .dead }
        #expect(try await rig.queue.state(of: job.id)?.error?.code == "expired")
        #expect(Date() > job.expiresAt ?? .distantFuture && worker.claims.isEmpty)
        // It had waited, not just stood in the queue.
        let events = try await rig.queue.events(job.id.rawValue, after: 0).map {
            String(decoding: $0.json, as: UTF8.self)
        }
        #expect(events.first?.contains("JOB_WAITING") == true && events.last?.contains("JOB_DEAD") == true)
    }

    @Test func aStrangerIsWaitedForAsLongAsResultsStay() async throws {
        let rig = try Rig {
            Rig.impatient(&$0)
            $0.resultTTL = .seconds(2)
        }
        let worker = TestWorker(rig)
        let known = echo()
        _ = try await rig.queue.enqueue([known], on: .scan)
        let running = try await worker.claim()
        let (patient, hopeless) = (waiting(for: [known.id]), waiting(for: [.random()]))
        let started = ContinuousClock.now
        _ = try await rig.queue.enqueue([patient, hopeless], on: .scan)
        try await eventually("dead") { try await rig.state(hopeless.id) == .dead }
        #expect(ContinuousClock.now - started > .seconds(2))
        #expect(try await rig.queue.state(of: hopeless.id)?.error?.code == "dependency_unknown")
        #expect(try await rig.state(patient.id) == .waiting)
        worker.consumer.finish(running, .done())
        #expect(try await worker.claim(1).envelope.id == patient.id)
    }

    @Test(arguments: [DependsPolicy.done, .ended])
    func whatItWaitedForMayBeForgottenBeforeItRuns(policy: DependsPolicy) async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        let first = echo()
        let second = waiting(for: [first.id], policy: policy)
        _ = try await rig.queue.enqueue([second, first], on: .scan)
        try await eventually("waits") { try await rig.state(second.id) == .waiting }
        let claim = try await worker.claim()
        try await rig.queue.pause(.scan)
        try await eventually("seen") { worker.consumer.status.isPaused }
        let failure = JobFailure(.badInput, code: "c", message: "m")
        worker.consumer.finish(claim, policy == .done ? .done() : .dead(failure))
        try await eventually("back") { try await rig.stats().waiting == 1 }
        #expect(try await rig.state(second.id) == .queued)
        try await rig.client.send(["DEL", .text(rig.keys.snapshot(first.id.rawValue))])
        try await rig.queue.resume(.scan)
        #expect(try await worker.claim(1).envelope.id == second.id)
    }

    @Test func aRetryByHandOpensTheWay() async throws {
        let rig = try Rig()
        let first = echo("first", attempts: 1)
        let worker = TestWorker(rig)
        let second = waiting(for: [first.id])
        _ = try await rig.queue.enqueue([first, second], on: .scan)
        worker.consumer.finish(try await worker.claim(), .failed(JobFailure(.transient, code: "c", message: "m")))
        try await eventually("both dead") { try await rig.stats().dead == 2 }
        // In this order the dependent sees a job that is queued again, not a dead one.
        try await rig.queue.pause(.scan)
        try await eventually("seen") { worker.consumer.status.isPaused }
        #expect(try await rig.queue.retryDead(.scan, ids: [first.id]) == 1)
        #expect(try await rig.state(first.id) == .queued)
        try await rig.queue.resume(.scan)
        let again = try await worker.claim(1)
        #expect(try await rig.queue.retryDead(.scan, code: "dependency_failed") == 1)
        try await eventually("waits") { try await rig.state(second.id) == .waiting }
        worker.consumer.finish(again, .done())
        #expect(try await worker.claim(2).envelope.id == second.id)
    }

    @Test func aRetriedAttemptDoesNotWaitAgain() async throws {
        let rig = try Rig()
        let worker = TestWorker(rig)
        let first = echo()
        let second = waiting(for: [first.id])
        _ = try await rig.queue.enqueue([first], on: .scan)
        worker.consumer.finish(try await worker.claim(), .done())
        try await eventually("done") { try await rig.state(first.id) == .done }
        _ = try await rig.queue.enqueue([second], on: .scan)
        let claim = try await worker.claim(1)
        try await rig.client.send(["DEL", .text(rig.keys.snapshot(first.id.rawValue))])
        worker.consumer.finish(claim, .failed(JobFailure(.transient, code: "c", message: "m")))
        #expect(try await worker.claim(2).attempt == 2)
    }

    @Test func whatWouldHaveWokenItMayBeLost() async throws {
        let rig = try Rig(tune: Rig.impatient)
        let worker = TestWorker(rig)
        let first = echo()
        let second = waiting(for: [first.id])
        _ = try await rig.queue.enqueue([first], on: .scan)
        let claim = try await worker.claim()
        _ = try await rig.queue.enqueue([second], on: .scan)
        try await eventually("waits") { try await rig.state(second.id) == .waiting }
        // As after a failover to a server that had not heard of it.
        try await rig.client.send(["DEL", .text("{\(rig.settings.namespace)}:dependents:\(first.id)")])
        worker.consumer.finish(claim, .done())
        #expect(try await worker.claim(1).envelope.id == second.id)
    }

    @Test func aFlushedRedisLearnsFromTheRecord() async throws {
        let rig = try Rig(server: try RedisServer())
        let first = echo()
        let second = waiting(for: [first.id])
        let worker = TestWorker(rig) { _ in .done() }
        _ = try await rig.queue.enqueue([first], on: .scan)
        try await eventually("done") { try await rig.state(first.id) == .done }
        try rig.server.cli("FLUSHALL")
        // What a reconciler does; one of the two orders.
        _ = try await rig.queue.enqueue([second], on: .scan)
        try await eventually("waits") { try await rig.state(second.id) == .waiting }
        #expect(try await rig.queue.restoreEnds([(first.id, .done), (.random(), .running)]) == 1)
        try await eventually("done") { try await rig.state(second.id) == .done }
        #expect(try await rig.queue.restoreEnds([(first.id, .dead)]) == 0)
        #expect(worker.claims.count == 2)
    }

    /// The worker dies after its claim: before admission, and with the answer of the admission on its way.
    @Test(arguments: [false, true])
    func aWorkerKilledInBetween(isPutAside: Bool) async throws {
        let rig = try Rig()
        let dying = WorkerID(fresh: .scan)
        let (first, second) = (echo(), JobID.random())
        let raw = try waiting(for: [first.id], id: second).wire()
        try await rig.client.send(["LPUSH", .text(rig.keys.running(dying)), .bytes(raw)])
        let maker = SettlementMaker(settings: rig.settings, keys: rig.keys)
        func admit() async throws -> String? {
            var admission = Admission(keys: rig.keys, settings: rig.settings, queue: .scan, worker: dying, arrival: 1)
            admission.read(raw, fence: 1, at: Date(), knows: { _ in true }, maker: maker)
            let reply = try await rig.queue.run(QueueScripts.admit, admission.call(maker, at: Date()))
            return reply.array?.first?.string
        }
        var worker: TestWorker?
        if isPutAside {
            #expect(try await admit() == "waits -")
            // Asked again, as the answer was lost: also once it has been woken.
            #expect(try await admit() == "lost")
            try await rig.queue.restoreEnds([(first.id, .done)])
            #expect(try await rig.stats().waiting == 1)
            #expect(try await admit() == "lost")
            #expect(try await rig.queue.releaseDead(dying) == 0)
        } else {
            #expect(try await rig.queue.releaseDead(dying) == 1)
            worker = TestWorker(rig) { _ in .done() }
            try await eventually("waits") { try await rig.state(second) == .waiting }
            #expect(worker?.claims.isEmpty == true)
            try await rig.queue.restoreEnds([(first.id, .done)])
        }
        if worker == nil { worker = TestWorker(rig) { _ in .done() } }
        try await eventually("done") { try await rig.state(second) == .done }
        #expect(try await rig.stats().processed == 1)
        withExtendedLifetime(worker) {}
    }
}
