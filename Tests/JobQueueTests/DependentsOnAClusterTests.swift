import Model
import Redis
import TestServers
import Testing

@testable import JobQueue

/// Jobs that wait for others, in queues that are sorted and limited, on a real cluster: scripts there may touch the keys
/// of one slot only, also those that they make up themselves.
@Suite struct DependentsOnAClusterTests {
    private static let tenants = ["a", "b", "c"]

    @Test func dependentsInLanesFollowTheirSlot() async throws {
        let cluster = try RedisCluster.start()
        let rig = try Rig(at: cluster.url([1])) {
            Rig.impatient(&$0)
            $0.limits.jobsPerTenant = 1
            // On a busy machine the slot is on its way for longer than a worker may go without renewing its lease.
            $0.lease = .seconds(120)
            $0.selfFence = .seconds(90)
        }
        let from = try #require(try cluster.owner(ofTag: rig.settings.namespace))
        let scans = TestWorker(rig, slots: 3)
        let exports = TestWorker(rig, queue: .export, slots: 3) { _ in .done() }
        let ids = Self.tenants.map { JobID("first-\($0)") ?? .random() }
        // Each tenant has a job that is held, one that its limit keeps in its lane, and one in another queue that waits
        // for both; the last job waits for those of everybody.
        var following: [JobEnvelope] = []
        for (tenant, id) in zip(Self.tenants, ids) {
            var (first, second) = (echo(tenant, id: id), echo(tenant))
            var third = waiting(for: [id, second.id], id: JobID("third-\(tenant)") ?? .random())
            (first.tenant, second.tenant, third.tenant) = (tenant, tenant, tenant)
            first.priority = 5
            _ = try await rig.queue.enqueue([first, second], on: .scan)
            following.append(third)
        }
        let last = waiting(for: following.map(\.id), policy: .ended)
        _ = try await rig.queue.enqueue(following + [last], on: .export)
        try await eventually("three are held") { scans.claims.count == 3 }
        try await eventually("four wait for others") { try await rig.stats(.export).awaiting == 4 }
        try await eventually("three are in lanes") { try await rig.count("HLEN", rig.keys.lanes(.scan)) > 0 }
        let names = try keys(rig, cluster, onlyAt: from)
        for part in ["awaiting", "awaiting:export", "needs:export third-a", "dependents:first-b", "lanes:scan:active"] {
            #expect(names.contains(part), "\(names)")
        }

        let to = (from + 1) % 3
        try cluster.move(slot: try cluster.slot(ofTag: rig.settings.namespace), from: from, to: to)
        #expect(Set(scans.claims.map(\.envelope.id)) == Set(ids))
        for claim in scans.claims { scans.consumer.finish(claim, .done()) }
        try await eventually("the next ones of each tenant run") { scans.claims.count == 6 }
        #expect(exports.claims.isEmpty)
        for claim in scans.claims.dropFirst(3) {
            let fails = claim.envelope.tenant == "b"
            scans.consumer.finish(claim, fails ? .dead(JobFailure(.badInput, code: "c", message: "m")) : .done())
        }
        try await eventually("the last one is done", within: .seconds(30)) { try await rig.state(last.id) == .done }
        #expect(exports.claims.map(\.envelope.tenant).sorted() == ["a", "c", "default"])
        #expect(exports.claims.last?.envelope.id == last.id)
        #expect(try await rig.state(following[1].id) == .dead)
        #expect(scans.abandoned.isEmpty && exports.abandoned.isEmpty)
        let left = try keys(rig, cluster, onlyAt: to)
        let sought = ["awaiting", "needs", "dependents", "telling"]
        #expect(left.filter { name in sought.contains { name.hasPrefix($0) } } == [])
    }

    /// The namespace's keys without its tag; none of them may be at another node, or outside the tag.
    private func keys(_ rig: Rig, _ cluster: RedisCluster, onlyAt owner: Int) throws -> [String] {
        let tag = "{\(rig.settings.namespace)}:"
        var names: [String] = []
        for (number, node) in cluster.nodes.enumerated() {
            let found = try node.cli("KEYS", "*").split(separator: "\n").map { String($0) }
            #expect(number == owner || found.isEmpty, "node \(number): \(found)")
            #expect(found.allSatisfy { $0.hasPrefix(tag) }, "\(found)")
            names += found.map { String($0.dropFirst(tag.count)) }
        }
        return names
    }
}
