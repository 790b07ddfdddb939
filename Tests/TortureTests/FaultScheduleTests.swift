import Testing

@testable import Torture

@Suite struct FaultScheduleTests {
    private func schedule(_ seed: UInt64, servers: Bool = true) -> FaultSchedule {
        FaultSchedule(seed: seed, length: .seconds(600), workers: 3, lease: .seconds(10), withServers: servers)
    }

    @Test("The same seed gives the same faults, another one others") func repeatable() {
        #expect(schedule(7) == schedule(7))
        #expect(schedule(7) != schedule(8))
    }

    @Test("Every kind comes in ten minutes, in order and in time", arguments: [UInt64](1...20))
    func complete(seed: UInt64) {
        let faults = schedule(seed).faults
        #expect(Set(faults.map(\.kind)) == Set(Fault.Kind.allCases))
        #expect(faults.map(\.at) == faults.map(\.at).sorted())
        #expect(faults.allSatisfy { $0.at + $0.length < .seconds(600) })
        #expect(faults.filter { $0.kind == .freeze }.allSatisfy { $0.length > .seconds(10) })
    }

    @Test("Servers are left alone unless they are given") func harmless() {
        let kinds = Set((1...20).flatMap { schedule($0, servers: false).faults.map(\.kind) })
        #expect(kinds == Set(Fault.Kind.ofWorkers))
    }

    @Test("A worker, and the servers, have one fault at a time", arguments: [UInt64](1...20))
    func oneAtATime(seed: UInt64) {
        let faults = schedule(seed).faults
        for index in 0..<3 {
            let own = faults.filter { $0.worker == index }
            #expect(!own.isEmpty)
            #expect(zip(own, own.dropFirst()).allSatisfy { $0.at + $0.length < $1.at })
        }
        let servers = faults.filter { Fault.Kind.ofServers.contains($0.kind) }
        #expect(zip(servers, servers.dropFirst()).allSatisfy { $0.at + $0.length < $1.at })
    }
}
