import Model
import Synchronization
import TestServers
import Testing

@testable import JobQueue

@Suite struct ShrinkingTests {
    @Test("Two of a thousand steps that matter are found", arguments: 0..<20)
    func two(place: Int) async {
        let steps = Array(0..<1_000)
        let (first, second) = (place * 37, 999 - place)
        let tries = Mutex(0)
        let rest = await Shrinking.shrink(steps) { fewer in
            tries.withLock { $0 += 1 }
            return fewer.contains(first) && fewer.contains(second)
        }
        #expect(rest == [first, second])
        #expect(tries.withLock { $0 } < 100)
    }

    @Test("No step that is left can be left out") func minimal() async {
        // Goes wrong with any three steps of which one is odd, in this order: even, odd, even.
        func fails(_ steps: [Int]) -> Bool {
            guard let odd = steps.dropFirst().dropLast().firstIndex(where: { $0 % 2 == 1 }) else { return false }
            return steps[..<odd].contains { $0 % 2 == 0 } && steps[(odd + 1)...].contains { $0 % 2 == 0 }
        }
        let rest = await Shrinking.shrink(Array(0..<500)) { fails($0) }
        #expect(rest.count == 3 && fails(rest))
        #expect(await Shrinking.shrink([1, 2, 3]) { _ in true } == [])
        #expect(await Shrinking.shrink([1, 2, 3]) { $0.count == 3 } == [1, 2, 3])
    }

    @Test("Tries end") func tries() async {
        let count = Mutex(0)
        _ = await Shrinking.shrink(Array(0..<1_000), tries: 50) { fewer in
            count.withLock { $0 += 1 }
            return fewer.count { $0 % 2 == 0 } == 500
        }
        #expect(count.withLock { $0 } == 50)
    }

    @Test("A right model is not reported") func right() async throws {
        let server = try RedisServer()
        #expect(
            try await Shrinking.report(seed: 1, InterleavingTests.Step.random(50, seed: 1)) {
                try await InterleavingTests.run($0, server)
            } == nil)
    }

    @Test("A model that overlooks pauses is wrong from the first claim of a paused queue", arguments: [1, 2])
    func wrongQueueModel(seed: UInt64) async throws {
        let server = try RedisServer()
        let report = try #require(
            try await Shrinking.report(seed: seed, InterleavingTests.Step.random(300, seed: seed)) {
                try await InterleavingTests.run($0, server, fault: .overlooksPauses)
            })
        let kinds = report.steps.map { step in
            switch step {
            case .push: "push"
            case .pauseOrResume: "pause"
            case .exchange, .declareDead: "claim"
            case .forgetScripts: "none of that"
            }
        }
        #expect(kinds.sorted() == ["claim", "pause", "push"] && kinds.last == "claim", "\(report.text)")
        #expect(report.text.hasPrefix("seed \(seed): step 3, "))
        #expect(report.text.contains("after 3 of 300 steps:\n  1. "))
    }

    @Test("A model that takes every policy for `done` is wrong from a failed job and one that waits for it")
    func wrongDependencyModel() async throws {
        let server = try RedisServer()
        let report = try #require(
            try await Shrinking.report(seed: 1, DependencyModelTests.Step.random(40, seed: 1)) {
                try await DependencyModelTests.run($0, server, fault: .takesEveryPolicyForDone)
            })
        var nodes: [DependencyModelTests.Node] = []
        for case .push(let node) in report.steps { nodes.append(node) }
        nodes.sort { $0.number < $1.number }
        try #require(nodes.count == 2 && report.steps.count == 2, "\(report.text)")
        #expect(nodes[0].end != .done && nodes[1].envelope.dependsPolicy == .ended, "\(report.text)")
        #expect(nodes[1].envelope.dependsOn.contains(nodes[0].envelope.id), "\(report.text)")
    }
}
