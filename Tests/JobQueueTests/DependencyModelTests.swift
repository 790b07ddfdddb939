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
    /// A job that comes to the queue, or the death of a worker. Of the jobs it waits for only those count that are there.
    enum Step: Sendable, CustomStringConvertible {
        case push(Node)
        case killWorker

        var description: String {
            switch self {
            case .push(let node):
                "push \(node.envelope.id), ends \(node.end), waits for \(node.envelope.dependsOn), "
                    + "which must be \(node.envelope.dependsPolicy)"
            case .killWorker: "kill a worker"
            }
        }

        static func random(_ count: Int, seed: UInt64) -> [Step] {
            var random = SeededGenerator(seed: seed)
            let nodes = DependencyModelTests.graph(count, &random)
            return nodes.shuffled(using: &random).flatMap { node -> [Step] in
                Int.random(in: 0..<12, using: &random) == 0 ? [.push(node), .killWorker] : [.push(node)]
            }
        }
    }

    struct Node: Sendable {
        let number: Int
        var envelope: JobEnvelope
        /// How it ends if it runs.
        let end: JobState
    }

    /// What a model may have wrong, to see that it is found and how it is told.
    enum Fault { case takesEveryPolicyForDone }

    /// Each waits for some of those before it.
    private static func graph(_ count: Int, _ random: inout SeededGenerator) -> [Node] {
        var nodes: [Node] = []
        for number in 0..<count {
            let end: JobState = [.done, .done, .done, .done, .dead, .cancelled].randomElement(using: &random) ?? .done
            let others = nodes.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
            var envelope = waiting(
                for: others.map(\.envelope.id), id: JobID("job-\(number)") ?? .random(),
                policy: Bool.random(using: &random) ? .done : .ended)
            envelope.payload = .string(end.rawValue)
            nodes.append(Node(number: number, envelope: envelope, end: end))
        }
        return nodes
    }

    /// What becomes of each, and which of them run at all.
    private static func fates(_ nodes: [Node], _ fault: Fault?) -> (ends: [JobID: JobState], run: Set<JobID>) {
        var ends: [JobID: JobState] = [:]
        var run: Set<JobID> = []
        for node in nodes.sorted(by: { $0.number < $1.number }) {
            let needsSuccess = node.envelope.dependsPolicy == .done || fault == .takesEveryPolicyForDone
            let isHopeless = needsSuccess && node.envelope.dependsOn.contains { ends[$0] != .done }
            ends[node.envelope.id] = isHopeless ? .dead : node.end
            if !isHopeless { run.insert(node.envelope.id) }
        }
        return (ends, run)
    }

    @Test("Every job ends as its graph says", arguments: [1, 2, 3, UInt64.random(in: 4...UInt64.max)])
    func ends(seed: UInt64) async throws {
        let server = try RedisServer()
        try await Shrinking.check(seed: seed, Step.random(80, seed: seed)) { try await Self.run($0, server) }
    }

    static func run(_ steps: [Step], _ server: RedisServer, fault: Fault? = nil) async throws {
        let rig = try Rig(server: server) { $0.maxRescues = 100 }
        var nodes: [Node] = []
        for case .push(let node) in steps { nodes.append(node) }
        let present = Set(nodes.map(\.envelope.id))
        for index in nodes.indices { nodes[index].envelope.dependsOn.removeAll { !present.contains($0) } }
        let (ends, run) = fates(nodes, fault)
        let over = Mutex<Set<JobID>>([])
        let early = Mutex<[JobID]>([])
        func worker() -> TestWorker {
            TestWorker(rig, slots: 3) { claim in
                let envelope = claim.envelope
                // One that never runs has ended by itself.
                let others = run.intersection(envelope.dependsOn)
                let isEarly = over.withLock { over in
                    defer { over.insert(envelope.id) }
                    return !over.isSuperset(of: others)
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
        var next = nodes[...]
        for step in steps {
            switch step {
            case .push:
                guard let node = next.popFirst() else { continue }
                try await rig.push(String(decoding: try node.envelope.wire(), as: UTF8.self))
            case .killWorker:
                // Its threads stop where they are; what it holds is given back.
                let dying = workers.removeFirst()
                dying.consumer.shutDown()
                try await rig.queue.releaseDead(dying.consumer.status.worker)
                workers.append(worker())
            }
        }
        for node in nodes {
            let id = node.envelope.id
            try await eventually("\(id) ends") { try await rig.state(id)?.isFinal == true }
            let state = try await rig.queue.state(of: id)
            try agree(state?.state, ends[id], "\(id)")
            let code = ends[id] != .dead ? nil : run.contains(id) ? "asked_for" : "dependency_failed"
            try agree(state?.error?.code, code, "\(id): code")
        }
        try agree(early.withLock { $0 }, [], "run before what they wait for")
        let stats = try await rig.stats()
        try agree(stats.awaiting + stats.waiting, 0, "left")
    }
}
