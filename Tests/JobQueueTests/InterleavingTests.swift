import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// Random histories of several workers, with lost answers, repeated batches and declared deaths: after every step Redis
/// holds exactly what the model says.
@Suite struct InterleavingTests {
    private struct Worker {
        var id = WorkerID(fresh: .scan)
        var batch: Int64 = 0
        /// What it believes to hold.
        var held: [String] = []
        /// Sent, the answer lost.
        var unanswered: [QueueModel.Settling]?
        /// Claimed by an exchange whose answer was lost, the oldest first.
        var orphans: [String] = []
    }

    @Test(
        "The scripts and the model agree",
        arguments: [1, 2, 3, UInt64.random(in: 4...UInt64.max)])
    func agree(seed: UInt64) async throws {
        let rig = try Rig(server: try RedisServer())
        var connection = try RedisConnection.open(rig.url, name: "test")
        var random = SeededGenerator(seed: seed)
        var model = QueueModel()
        var workers: [Worker] = []
        for _ in 0..<3 { workers.append(try enter(rig, &connection)) }
        var number = 0

        for step in 0..<600 {
            let note: Comment = "seed \(seed), step \(step)"
            let index = Int.random(in: 0..<workers.count, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<30:
                // Now and then the same bytes again.
                if Int.random(in: 0..<10, using: &random) > 0 { number += 1 }
                try connection.send("LPUSH", .text(rig.keys.waiting(.scan)), .text("job \(number)"))
                model.waiting.insert("job \(number)", at: 0)
            case 30..<36:
                model.isPaused.toggle()
                let order: RedisArgument = model.isPaused ? "SADD" : "SREM"
                try connection.send(order, .text(rig.keys.paused), "scan")
            case 36..<42:
                // Sometimes the worker still gets something done between the look at its list and the verdict.
                let rescue = Rescue(settings: rig.settings, keys: rig.keys, worker: workers[index].id, isCertain: true)
                let seen = try connection.send(rescue.read).array?.compactMap(\.bytes) ?? []
                let dying = workers[index].id
                if Bool.random(using: &random) {
                    try exchange(&workers[index], rig, &model, &random, &connection, note)
                }
                try declareDead(dying, seen, rig, &model, &connection)
                if Bool.random(using: &random) { workers[index] = try enter(rig, &connection) }
            case 42..<46: try connection.send("SCRIPT", "FLUSH")
            default:
                try exchange(&workers[index], rig, &model, &random, &connection, note)
            }
            try compare(rig, model, workers, &connection, note)
            await Task.yield()  // each step blocks its thread for a moment
        }
    }

    private func enter(_ rig: Rig, _ connection: inout RedisConnection) throws -> Worker {
        let worker = Worker()
        let keys = rig.keys
        _ = try connection.run(
            QueueScripts.register,
            keys: [
                .text(keys.workers), .text(keys.worker(worker.id)), .text(keys.tombstone(worker.id)),
                .text(keys.running(worker.id)), .text(keys.host("test")),
            ], [.text(worker.id.rawValue), 3_600_000, 3_600_000, "0 0", 2, "queue", "scan"])
        return worker
    }

    private func exchange(
        _ worker: inout Worker, _ rig: Rig, _ model: inout QueueModel, _ random: inout SeededGenerator,
        _ connection: inout RedisConnection, _ note: Comment
    ) throws {
        var settlings = worker.unanswered ?? []
        if worker.unanswered == nil {
            for raw in worker.held where Int.random(in: 0..<3, using: &random) == 0 {
                settlings.append(settling(raw, &random))
            }
            if !settlings.isEmpty { worker.batch += 1 }
        }
        let want = worker.unanswered == nil ? Int.random(in: 0...5, using: &random) : 0
        let call = ScriptCall.exchange(
            worker.id, batch: worker.batch, want: want, plain: [], others: settlings.map { real($0, rig) },
            keys: rig.keys, settings: rig.settings, at: Date())
        let reply = try connection.run(QueueScripts.exchange, keys: call.keys, call.arguments)
        let expected = model.exchange(worker.id.rawValue, batch: worker.batch, settlings, want: want)
        if Int.random(in: 0..<6, using: &random) == 0 {
            // The answer is lost: the batch will come again under its number, then the orphans are given back.
            worker.unanswered = settlings
            worker.orphans += expected ?? []
            return
        }
        worker.unanswered = nil
        let parts = try #require(reply.array, note)
        guard let expected else {
            #expect(parts.first?.string == "fenced", note)
            worker = try enter(rig, &connection)
            return
        }
        try #require(parts.count == 10, note)
        #expect(parts[8].array?.compactMap(\.string) == expected, note)
        for done in settlings {
            if let place = worker.held.firstIndex(of: done.raw) { worker.held.remove(at: place) }
        }
        worker.held += expected
        try giveBack(&worker, rig, &model, &connection)
    }

    /// What a worker finds when it compares its run list with its memory.
    private func giveBack(
        _ worker: inout Worker, _ rig: Rig, _ model: inout QueueModel, _ connection: inout RedisConnection
    ) throws {
        guard !worker.orphans.isEmpty else { return }
        worker.batch += 1
        let settlings = worker.orphans.reversed().map {
            QueueModel.Settling(verb: .front, raw: $0, value: $0, due: 0, id: "")
        }
        worker.orphans = []
        let call = ScriptCall.exchange(
            worker.id, batch: worker.batch, want: 0, plain: [], others: settlings.map { real($0, rig) },
            keys: rig.keys, settings: rig.settings, at: Date())
        _ = try connection.run(QueueScripts.exchange, keys: call.keys, call.arguments)
        _ = model.exchange(worker.id.rawValue, batch: worker.batch, settlings, want: 0)
    }

    private func declareDead(
        _ worker: WorkerID, _ raws: [[UInt8]], _ rig: Rig, _ model: inout QueueModel,
        _ connection: inout RedisConnection
    ) throws {
        let rescue = Rescue(settings: rig.settings, keys: rig.keys, worker: worker, isCertain: true)
        let step = try rescue.step(raws)
        _ = try connection.run(QueueScripts.rescue, keys: step.call.keys, step.call.arguments)
        model.rescue(
            worker.rawValue,
            raws.map { raw in
                let text = String(decoding: raw, as: UTF8.self)
                return QueueModel.Settling(verb: .front, raw: text, value: text, due: 0, id: "")
            })
    }

    private func settling(_ raw: String, _ random: inout SeededGenerator) -> QueueModel.Settling {
        let verb = QueueModel.Verb.allCases.randomElement(using: &random) ?? .done
        return QueueModel.Settling(
            verb: verb, raw: raw, value: verb == .until ? raw + "+" : raw,
            due: Int64.random(in: 1...1_000, using: &random), id: raw,
            followUp: Int.random(in: 0..<4, using: &random) == 0 ? "after " + raw : nil)
    }

    private func real(_ settling: QueueModel.Settling, _ rig: Rig) -> Settlement {
        Settlement(
            verb: Settlement.Verb(rawValue: settling.verb.rawValue) ?? .drop, raw: Array(settling.raw.utf8),
            value: Array(settling.value.utf8), number: settling.due, id: settling.id,
            followUps: settling.followUp.map { [(rig.keys.waiting(.scan), Array($0.utf8))] } ?? [])
    }

    private func compare(
        _ rig: Rig, _ model: QueueModel, _ workers: [Worker], _ connection: inout RedisConnection, _ note: Comment
    ) throws {
        func texts(_ value: RedisValue) -> [String] { value.array?.compactMap(\.string) ?? [] }
        let keys = rig.keys
        #expect(texts(try connection.send("LRANGE", .text(keys.waiting(.scan)), 0, -1)) == model.waiting, note)
        #expect(
            texts(try connection.send("ZRANGE", .text(keys.delayed(.scan)), 0, -1)) == model.delayed.map(\.raw), note)
        #expect(texts(try connection.send("LRANGE", .text(keys.parked(.scan)), 0, -1)) == model.parked, note)
        #expect(Set(texts(try connection.send("ZRANGE", .text(keys.dead(.scan)), 0, -1))) == model.dead, note)
        #expect(Set(texts(try connection.send("HKEYS", .text(keys.deadEntries(.scan))))) == model.dead, note)
        let processed = try connection.send("HGET", .text(keys.stats(.scan)), "processed").int ?? 0
        #expect(processed == model.processed, note)
        for worker in workers {
            let list = texts(try connection.send("LRANGE", .text(keys.running(worker.id)), 0, -1))
            #expect(list == model.running[worker.id.rawValue] ?? [], note)
        }
    }
}
