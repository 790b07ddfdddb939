import Foundation
import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// Random histories of a queue that is sorted and is not: after every step Redis holds exactly what the model says.
@Suite struct LaneModelTests {
    /// What a step does in detail follows from its own seed and what is there then.
    enum Step: Sendable {
        /// Jobs named after the number, with priorities and tenants of their own or without.
        case push(Int, areSpecial: Bool, UInt64)
        case sort
        case exchange(UInt64)

        static func random(_ count: Int, seed: UInt64) -> [Step] {
            var random = SeededGenerator(seed: seed)
            return (0..<count).map { number in
                let own = UInt64.random(in: .min ... .max, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                // Now and then a while without anything special.
                case 0..<5: return .push(number, areSpecial: number % 200 < 120, own)
                case 5: return .sort
                default: return .exchange(own)
                }
            }
        }
    }

    @Test("Scripts and model agree", arguments: [1, 2, 3, UInt64.random(in: 4...UInt64.max)])
    func agreement(seed: UInt64) async throws {
        let server = try RedisServer()
        try await Shrinking.check(seed: seed, Step.random(800, seed: seed)) { try await run($0, server) }
    }

    private func run(_ steps: [Step], _ server: RedisServer) async throws {
        let rig = try Rig(server: server)
        var connection = try RedisConnection.open(rig.url, name: "test")
        let keys = rig.keys
        var model = LaneModel()
        let worker = WorkerID(fresh: .scan)
        _ = try connection.run(
            QueueScripts.register,
            keys: [
                .text(keys.workers), .text(keys.worker(worker)), .text(keys.tombstone(worker)),
                .text(keys.running(worker)), .text(keys.host("test")),
            ], [.text(worker.rawValue), 3_600_000, 3_600_000, "0 0", 2, "queue", "scan"])
        var held: [LaneModel.Job] = []
        for (number, step) in steps.enumerated() {
            let note = "step \(number + 1), \(step)"
            switch step {
            case .push(let name, let areSpecial, let own):
                for new in jobs(name, areSpecial, own) {
                    try connection.send("LPUSH", .text(keys.waiting(.scan)), .text(new.raw))
                    model.list.insert(new, at: 0)
                }
            case .sort:
                let call: [RedisArgument] = [
                    .text("turn"), .text(keys.waiting(.scan)), .text(keys.lanes(.scan)), .text(keys.paused),
                ]
                _ = try connection.run(QueueScripts.sort, keys: call, ["me", 1_000, "scan", 7, 5_000, "0.5"])
                if model.list.isEmpty, model.waiting == 0 { model.calmDown() }
                if !model.isSorted {
                    model.isSorted = model.list.contains { $0.priority != 0 || $0.tenant != "default" }
                }
                if model.isSorted { model.sort(7) }
            case .exchange(let own):
                var random = SeededGenerator(seed: own)
                let want = Int.random(in: 0...30, using: &random)
                var settlements: [Settlement] = []
                for job in held where Int.random(in: 0..<3, using: &random) > 0 {
                    let raw = Array(job.raw.utf8)
                    let goesBack = Int.random(in: 0..<6, using: &random) == 0
                    settlements.append(Settlement(verb: goesBack ? .front : .done, raw: raw, value: raw))
                    held.removeAll { $0.raw == job.raw }
                    if goesBack { model.giveBack(job) }
                }
                let call = ScriptCall.exchange(
                    worker, batch: Int64(number + 1), want: want, plain: settlements.filter(\.isPlainAcknowledgement),
                    others: settlements.filter { !$0.isPlainAcknowledgement }, keys: keys, settings: rig.settings,
                    at: Date())
                let reply = try connection.run(QueueScripts.exchange, keys: call.keys, call.arguments).array ?? []
                try agree(reply.count, 10, "\(note): parts of the answer")
                let expected = want > 0 ? model.claim(want) : []
                try agree(reply[8].array?.compactMap(\.string), expected.map(\.raw), "\(note): claimed")
                held += expected
            }
            let waiting = try connection.send("HGET", .text(keys.lanes(.scan)), "waiting").int.map { Int($0) }
            try agree(waiting, model.isSorted ? model.waiting : nil, "\(note): in lanes")
            let list = try connection.send("LRANGE", .text(keys.waiting(.scan)), 0, -1).array ?? []
            try agree(list.compactMap(\.string), model.list.map(\.raw), "\(note): not in lanes")
            await Task.yield()  // each step blocks its thread for a moment
        }
    }

    private func jobs(_ name: Int, _ areSpecial: Bool, _ own: UInt64) -> [LaneModel.Job] {
        var random = SeededGenerator(seed: own)
        return (0..<Int.random(in: 1...20, using: &random)).map { number in
            var new = LaneModel.Job(
                raw: "", priority: areSpecial ? [-5, 0, 0, 5].randomElement(using: &random) ?? 0 : 0,
                tenant: areSpecial ? ["default", "a", "b"].randomElement(using: &random) ?? "a" : "default",
                cost: Int.random(in: 1...3, using: &random))
            new.raw = job("\(name).\(number)", priority: new.priority, tenant: new.tenant, cost: new.cost)
            return new
        }
    }
}
