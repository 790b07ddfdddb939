import Foundation
import TestServers
import Testing

/// A process is killed right before and right after each of its calls to Redis, PostgreSQL and storage, one place after
/// the other; a clean one then has to bring everything to the same end.
@Suite("Killed at every crash point", .timeLimit(.minutes(10)))
struct CrashPointTests {
    @Test("A job's transition happens once, wherever its worker is killed", arguments: Transition.allCases)
    func worker(_ transition: Transition) async throws {
        let ground = try await CrashGround()
        try await Self.everyPlace(of: transition.rawValue, atLeast: 10) { point in
            let work = try await CrashWork(transition, ground, number: point)
            let victim = try ground.process(transition.worker, crashAt: "claim \(point)")
            var isThrough = false
            try await eventually("point \(point): the job is done or its worker killed", within: .seconds(60)) {
                if !victim.isRunning { return true }
                isThrough = try await work.isThrough(reconciling: false)
                return isThrough
            }
            if isThrough, victim.isRunning {
                victim.kill()
                try await work.check("never killed")
                return nil
            }
            let place = try Self.place(point, victim)
            let successor = try ground.process(transition.worker, crashAt: nil)
            do {
                try await eventually("after point \(point), \(place): the job is done", within: .seconds(60)) {
                    try await work.isThrough(reconciling: true)
                }
            } catch {
                throw ServerFailure("\(error): \(successor.log.suffix(2_000))")
            }
            try await work.check("point \(point), \(place)")
            successor.kill()
            return place
        }
    }

    /// Tries one place after the other until there are no more.
    ///
    /// - Parameter attempt: returns where the process was killed; nil: it was not.
    static func everyPlace(
        of name: String, atLeast count: Int, _ attempt: (_ point: Int) async throws -> String?
    ) async throws {
        let began = ContinuousClock.now
        var places: [String] = []
        for point in 1...500 {
            guard let place = try await attempt(point) else {
                let seconds = (ContinuousClock.now - began).components.seconds
                print("\(name): \(places.count) crash points in \(seconds) s: \(summary(places))")
                #expect(places.count >= count)
                return
            }
            places.append(place)
        }
        Issue.record("no end of crash points")
    }

    /// Where the process killed itself, as it says.
    static func place(_ point: Int, _ process: ChildServer) throws -> String {
        guard process.exitStatus == 128 + SIGKILL,
            let line = process.log.split(separator: "\n").last(where: { $0.hasPrefix("crash point \(point): ") })
        else {
            let status = process.exitStatus.map { "\($0)" } ?? "none"
            throw ServerFailure("ended by itself, status \(status): \(process.log.suffix(2_000))")
        }
        return String(line.drop { $0 != ":" }.dropFirst(2))
    }

    private static func summary(_ places: [String]) -> String {
        Dictionary(places.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
            .map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
    }
}
