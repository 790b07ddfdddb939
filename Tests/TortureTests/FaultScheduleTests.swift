import Testing

@testable import Torture

@Suite struct FaultScheduleTests {
    private func schedule(
        _ seed: UInt64, seconds: Int = 600, kinds: Set<Fault.Kind> = Set(Fault.Kind.allCases), clocks: [Int] = [2]
    ) -> FaultSchedule {
        FaultSchedule(
            seed: seed, length: .seconds(seconds), workers: 3, clocks: clocks, lease: .seconds(10), kinds: kinds,
            perSecond: 3)
    }

    @Test("The same seed gives the same faults, another one others") func repeatable() {
        #expect(schedule(7) == schedule(7))
        #expect(schedule(7) != schedule(8))
    }

    @Test("Every kind comes within a minute and a quarter, in order and in time", arguments: [UInt64](1...20))
    func complete(seed: UInt64) {
        let faults = schedule(seed, seconds: 75).faults
        #expect(Set(faults.map(\.kind)) == Set(Fault.Kind.allCases))
        #expect(faults.map(\.at) == faults.map(\.at).sorted())
        #expect(faults.allSatisfy { $0.at >= .seconds(2) && $0.at + $0.length < .seconds(75) })
        #expect(faults.filter { $0.kind == .freeze }.allSatisfy { $0.length > .seconds(10) })
    }

    @Test("Five minutes have three hundred faults and more, an hour ten thousand", arguments: [UInt64](1...5))
    func dense(seed: UInt64) {
        #expect(schedule(seed, seconds: 300).faults.count > 500)
        #expect(schedule(seed, seconds: 3_900).faults.count > 8_000)
    }

    @Test("Only what can be done here is planned") func harmless() {
        let kinds = Set(Fault.Kind.ofWorkers).subtracting([.helperOutOfMemory])
        #expect(Set(schedule(1, kinds: kinds).faults.map(\.kind)) == kinds)
        #expect(Set(schedule(1, kinds: kinds, clocks: []).faults.map(\.kind)) == kinds.subtracting([.clockStep]))
        #expect(schedule(1, kinds: []).faults.isEmpty)
        #expect(schedule(1, seconds: 1).faults.isEmpty)
    }

    @Test("Only clocks that can be set are") func clocks() {
        #expect(Set(schedule(3, clocks: [0, 2]).faults.filter { $0.kind == .clockStep }.map(\.worker)) == [0, 2])
    }

    @Test("The same thing has one fault at a time, different things have several", arguments: [UInt64](1...20))
    func oneAtATime(seed: UInt64) {
        let faults = schedule(seed).faults
        for group in Dictionary(grouping: faults.filter { $0.kind.subject != nil }, by: { Thing($0) }).values {
            #expect(zip(group, group.dropFirst()).allSatisfy { $0.at + $0.length < $1.at })
        }
        #expect(zip(faults, faults.dropFirst()).contains { $0.at + $0.length > $1.at })
    }

    private struct Thing: Hashable {
        var subject: Fault.Kind.Subject?
        var worker: Int?

        init(_ fault: Fault) { (subject, worker) = (fault.kind.subject, fault.worker) }
    }
}
