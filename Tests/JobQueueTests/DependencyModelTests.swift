import Foundation
import Model
import Redis
import Synchronization
import TestServers
import Testing

@testable import JobQueue

/// Random graphs of jobs on several workers, some of which die: each ends as the graph alone says, and none starts
/// before what it waits for has ended.
@Suite struct DependencyModelTests {
    private struct Node {
        var envelope: JobEnvelope
        /// How it ends if it runs.
        var end: JobState
        var fate: JobState
    }

    /// Each waits for some of those before it; what becomes of it follows.
    private static func graph(_ count: Int, _ random: inout SeededGenerator) -> [Node] {
        var nodes: [Node] = []
        for number in 0..<count {
            let end: JobState = [.done, .done, .done, .done, .dead, .cancelled].randomElement(using: &random) ?? .done
            let policy: DependsPolicy = Bool.random(using: &random) ? .done : .ended
            let others = nodes.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
            var envelope = waiting(
                for: others.map(\.envelope.id), id: JobID("job-\(number)") ?? .random(), policy: policy)
            envelope.payload = .string(end.rawValue)
            let isHopeless = policy == .done && others.contains { $0.fate != .done }
            nodes.append(Node(envelope: envelope, end: end, fate: isHopeless ? .dead : end))
        }
        return nodes
    }

    @Test("Every job ends as its graph says", arguments: [1, 2, 3, UInt64.random(in: 4...UInt64.max)])
    func ends(seed: UInt64) async throws {
        let rig = try Rig(server: try RedisServer()) { $0.maxRescues = 100 }
        var random = SeededGenerator(seed: seed)
        let nodes = Self.graph(80, &random)
        let fates = Dictionary(uniqueKeysWithValues: nodes.map { ($0.envelope.id, $0.fate) })
        let over = Mutex<Set<JobID>>([])
        let early = Mutex<[JobID]>([])
        func worker() -> TestWorker {
            TestWorker(rig, slots: 3) { claim in
                let envelope = claim.envelope
                let isEarly = over.withLock { over in
                    // One that never runs has ended by itself.
                    let runs = envelope.dependsOn.filter { id in
                        nodes.contains { $0.envelope.id == id && Self.runs($0, fates) }
                    }
                    defer { over.insert(envelope.id) }
                    return !over.isSuperset(of: runs)
                }
                if isEarly { early.withLock { $0.append(envelope.id) } }
                switch envelope.payload.string {
                case "dead": return .dead(JobFailure(.badInput, code: "asked_for", message: "m"))
                case "cancelled": return .cancelled
                default: return .done()
                }
            }
        }
        var workers = [worker(), worker()]
        for node in nodes.shuffled(using: &random) {
            try await rig.push(String(decoding: try node.envelope.wire(), as: UTF8.self))
            if Int.random(in: 0..<12, using: &random) == 0 {
                // Its threads stop where they are; what it holds is given back.
                let dying = workers.removeFirst()
                dying.consumer.shutDown()
                try await rig.queue.releaseDead(dying.consumer.status.worker)
                workers.append(worker())
            }
        }
        for node in nodes {
            try await eventually("seed \(seed): \(node.envelope.id) ends") {
                try await rig.state(node.envelope.id)?.isFinal == true
            }
        }
        for node in nodes {
            let state = try await rig.queue.state(of: node.envelope.id)
            #expect(state?.state == node.fate, "seed \(seed), \(node.envelope.id)")
            let code = node.fate != .dead ? nil : Self.runs(node, fates) ? "asked_for" : "dependency_failed"
            #expect(state?.error?.code == code, "seed \(seed), \(node.envelope.id)")
        }
        #expect(early.withLock { $0 } == [], "seed \(seed)")
        let stats = try await rig.stats()
        #expect(stats.awaiting == 0 && stats.waiting == 0, "seed \(seed)")
    }

    private static func runs(_ node: Node, _ fates: [JobID: JobState]) -> Bool {
        node.envelope.dependsPolicy == .ended || node.envelope.dependsOn.allSatisfy { fates[$0] == .done }
    }
}
