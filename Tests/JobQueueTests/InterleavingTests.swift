import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// Random histories of several workers, with lost answers, repeated batches and declared deaths: after every step Redis
/// holds exactly what the model says.
@Suite struct InterleavingTests {
    /// What a step does in detail follows from its own seed and what is there then, so that it can stand without others.
    enum Step: Sendable {
        /// Now and then the same bytes again.
        case push(Int)
        case pauseOrResume
        /// Sometimes the worker still gets something done between the look at its list and the verdict.
        case declareDead(worker: Int, UInt64)
        case forgetScripts
        case exchange(worker: Int, UInt64)

        static func random(_ count: Int, seed: UInt64) -> [Step] {
            var random = SeededGenerator(seed: seed)
            var number = 0
            return (0..<count).map { _ in
                let worker = Int.random(in: 0..<3, using: &random)
                let own = UInt64.random(in: .min ... .max, using: &random)
                switch Int.random(in: 0..<100, using: &random) {
                case 0..<30:
                    if own % 10 > 0 { number += 1 }
                    return .push(number)
                case 30..<36: return .pauseOrResume
                case 36..<42: return .declareDead(worker: worker, own)
                case 42..<46: return .forgetScripts
                default: return .exchange(worker: worker, own)
                }
            }
        }
    }

    /// What a model may have wrong, to see that it is found and how it is told.
    enum Fault { case overlooksPauses }

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
    func agreement(seed: UInt64) async throws {
        let server = try RedisServer()
        try await Shrinking.check(seed: seed, Step.random(600, seed: seed)) { try await Self.run($0, server) }
    }

    static func run(_ steps: [Step], _ server: RedisServer, fault: Fault? = nil) async throws {
        try await InterleavingTests().run(steps, server, fault)
    }

    private func run(_ steps: [Step], _ server: RedisServer, _ fault: Fault?) async throws {
        let rig = try Rig(server: server)
        var connection = try RedisConnection.open(rig.url, name: "test")
        var model = QueueModel()
        var workers: [Worker] = []
        for _ in 0..<3 { workers.append(try enter(rig, &connection)) }
        for (number, step) in steps.enumerated() {
            let note = "step \(number + 1), \(step)"
            switch step {
            case .push(let number):
                try connection.send("LPUSH", .text(rig.keys.waiting(.scan)), .text("job \(number)"))
                model.waiting.insert("job \(number)", at: 0)
            case .pauseOrResume:
                let isPaused = try connection.send("SISMEMBER", .text(rig.keys.paused), "scan").int == 1
                if fault != .overlooksPauses { model.isPaused = !isPaused }
                try connection.send(isPaused ? "SREM" : "SADD", .text(rig.keys.paused), "scan")
            case .declareDead(let index, let own):
                var random = SeededGenerator(seed: own)
                let rescue = Rescue(settings: rig.settings, keys: rig.keys, worker: workers[index].id, isCertain: true)
                let seen = try connection.send(rescue.read).array?.compactMap(\.bytes) ?? []
                let dying = workers[index].id
                if Bool.random(using: &random) {
                    try exchange(&workers[index], rig, &model, &random, &connection, note)
                }
                try declareDead(dying, seen, rig, &model, &connection)
                if Bool.random(using: &random) { workers[index] = try enter(rig, &connection) }
            case .forgetScripts: try connection.send("SCRIPT", "FLUSH")
            case .exchange(let index, let own):
                var random = SeededGenerator(seed: own)
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
        _ connection: inout RedisConnection, _ note: String
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
        let parts = reply.array ?? []
        guard let expected else {
            try agree(parts.first?.string, "fenced", "\(note): answer")
            worker = try enter(rig, &connection)
            return
        }
        try agree(parts.count, 10, "\(note): parts of the answer \(reply)")
        try agree(parts[8].array?.compactMap(\.string), expected, "\(note): claimed")
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
        _ rig: Rig, _ model: QueueModel, _ workers: [Worker], _ connection: inout RedisConnection, _ note: String
    ) throws {
        func texts(_ value: RedisValue) -> [String] { value.array?.compactMap(\.string) ?? [] }
        let keys = rig.keys
        func list(_ key: String) throws -> [String] { texts(try connection.send("LRANGE", .text(key), 0, -1)) }
        func set(_ key: String) throws -> [String] { texts(try connection.send("ZRANGE", .text(key), 0, -1)) }
        try agree(try list(keys.waiting(.scan)), model.waiting, "\(note): waiting")
        try agree(try set(keys.delayed(.scan)), model.delayed.map(\.raw), "\(note): delayed")
        try agree(try list(keys.parked(.scan)), model.parked, "\(note): parked")
        try agree(Set(try set(keys.dead(.scan))), model.dead, "\(note): dead")
        let entries = texts(try connection.send("HKEYS", .text(keys.deadEntries(.scan))))
        try agree(Set(entries), model.dead, "\(note): entries of the dead")
        let processed = try connection.send("HGET", .text(keys.stats(.scan)), "processed").int ?? 0
        try agree(Int(processed), model.processed, "\(note): processed")
        for worker in workers {
            try agree(
                try list(keys.running(worker.id)), model.running[worker.id.rawValue] ?? [], "\(note): running")
        }
    }
}
