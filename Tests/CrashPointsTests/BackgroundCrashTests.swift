import Catalog
import Foundation
import JobQueue
import Model
import Pipeline
import Recipes
import TestServers
import Testing

/// What goes on without anybody asking: the reconciler and the scheduler.
extension CrashPointTests {
    @Test("A reconciler ends what another one began") func reconciled() async throws {
        let ground = try await CrashGround()
        try await Self.everyPlace(of: "reconcile", atLeast: 30) { point in
            // Recorded and not queued; with every asset final and nobody to close it, in three ways; not announced; and
            // waiting for a job whose end Redis has forgotten.
            let queued = try await ground.batch("look", content: [1])
            let stuck = try await ground.batch("look", content: [2])
            let unpacked = try await ground.batch("pack", content: [3])
            let broken = try await ground.batch("pack", content: [4])
            let settled = try await ground.batch("look", content: [5])
            try ground.psql(
                """
                UPDATE images SET status = 'completed', step = NULL
                WHERE batch_id IN ('\(stuck.batch.id)', '\(unpacked.batch.id)', '\(broken.batch.id)');
                UPDATE job_runs SET state = 'done'
                WHERE batch_id IN ('\(stuck.batch.id)', '\(unpacked.batch.id)', '\(broken.batch.id)');
                """)
            let plan = try required(ground.recipes["pack"], "pack")
            let packing = try required(StepJobs.whenDone(plan, in: broken.batch), "no export")
            _ = try await ground.catalog.recordJobs([packing])
            _ = try await ground.catalog.jobEnded(
                packing.envelope.id, claim: nil, state: .dead, error: RecordedError(code: "no_space", message: "m"))
            _ = try await ground.catalog.settleAsset(
                try required(settled.first.asset, "no asset"), job: settled.first.envelope.id, state: .dead,
                error: RecordedError(code: "worker_lost", message: "m"), whenDone: nil)
            let (ended, dependent) = try await ground.dependentJobs()
            try ground.psql(
                """
                UPDATE batches SET started_at = now() - interval '1 hour';
                UPDATE job_runs SET enqueued_at = now() - interval '1 hour';
                UPDATE untold SET at = now() - interval '1 hour';
                """)

            let port = try FreePort.next()
            let victim = try ground.process(
                "flotilla-api", crashAt: "reconcile \(point)",
                ["FLOTILLA_API_ADDR": "127.0.0.1:\(port)", "FLOTILLA_RECONCILE_SECONDS": "3600"])
            try await eventually("point \(point): killed, or through", within: .seconds(60)) {
                !victim.isRunning || victim.log.contains("jobs enqueued again")
            }
            let isThrough = victim.isRunning
            victim.kill()
            try await ground.quiet()
            let place = isThrough ? nil : try Self.place(point, victim)
            if !isThrough { try await ground.reconcile() }

            let comment: Comment = "point \(point), \(place ?? "never killed")"
            func status(_ batch: Batch) async throws -> BatchStatus {
                try await ground.catalog.batch(batch.id, tenant: nil).status
            }
            func events(_ batch: Batch) async throws -> [String] {
                try await ground.events(batch.id.uuidString.lowercased())
            }
            #expect(try await status(queued.batch) == .processing, comment)
            #expect(try await status(stuck.batch) == .completed, comment)
            #expect(try await status(unpacked.batch) == .processing, comment)
            #expect(try await status(broken.batch) == .failed, comment)
            for batch in [stuck.batch, broken.batch, settled.batch] {
                #expect(try await events(batch).last == "BATCH_COMPLETED", comment)
                // At most twice: by the one that died before it could say so, and by the next.
                #expect(try await events(batch).count { $0 == "BATCH_COMPLETED" } <= 2, comment)
            }
            #expect(try await events(settled.batch).contains("PROCESSING_ERROR"), comment)
            let scans = try ground.redis.cli("LRANGE", "{flotilla}:queue:scan", "0", "-1").split(separator: "\n")
            #expect(scans.count == 1 && scans[0].contains(queued.first.envelope.id.rawValue), comment)
            let exports = try ground.redis.cli("LRANGE", "{flotilla}:queue:export", "0", "-1").split(separator: "\n")
            let closing = try required(StepJobs.whenDone(plan, in: unpacked.batch), "no export").envelope.id
            #expect(exports.count { $0.contains(closing.rawValue) } == 1, comment)
            #expect(exports.count { $0.contains("\"id\":\"\(dependent.rawValue)\"") } == 1, comment)
            #expect(exports.count == 2, comment)
            #expect(try await ground.queue.state(of: ended)?.state == .done, comment)
            #expect(try await ground.queue.marker() != nil, comment)
            #expect(try await ground.catalog.untoldBatches(olderThan: .zero).isEmpty, comment)
            try await ground.clear()
            return place
        }
    }

    @Test("A tick makes one batch and starts it, also when its scheduler dies") func ticked() async throws {
        let ground = try await CrashGround()
        try await Self.everyPlace(of: "tick", atLeast: 30) { point in
            let victim = try ground.process("flotilla-cron", crashAt: "tick \(point)")
            try await eventually("point \(point): killed, or fired", within: .seconds(60)) {
                if !victim.isRunning { return true }
                return try ground.psql("SELECT count(*) FROM schedule_ticks WHERE done_at IS NOT NULL") == "1"
            }
            let isThrough = victim.isRunning
            victim.kill()
            try await ground.quiet()
            let place = isThrough ? nil : try Self.place(point, victim)
            // Not five minutes later, as it would be.
            try ground.psql("UPDATE schedule_ticks SET fired_at = now() - interval '1 hour'")
            let successor = try ground.process("flotilla-cron", crashAt: nil)
            let comment: Comment = "point \(point), \(place ?? "never killed")"
            try await eventually("point \(point), \(place ?? ""): fired", within: .seconds(60)) {
                try ground.psql("SELECT count(*) FROM schedule_ticks WHERE done_at IS NOT NULL") == "1"
            }
            successor.kill()
            try await ground.reconcile()
            let batches = try await ground.catalog.batches(tenant: "default").items
            #expect(batches.map(\.status) == [.processing] && batches.map(\.total) == [1], comment)
            let id = try #require(batches.first, comment).id.uuidString.lowercased()
            #expect(try await ground.events(id).last == "BATCH_PROCESSING_STARTED", comment)
            #expect(try ground.redis.cli("LLEN", "{flotilla}:queue:scan") == "1", comment)
            #expect(try ground.psql("SELECT count(*) FROM schedule_ticks") == "1", comment)
            try await ground.clear()
            return place
        }
    }
}
