import Foundation

/// Wall clocks of workers that jump. Nothing is excused: decisions of the queue are made by the server's clock.
extension FaultMaker {
    private static let steps = [-86_400, -3_600, -30, 30, 3_600, 86_400]

    func stepClock(_ index: Int, _ length: Duration, at: Duration) async -> Bool {
        guard let clocks = tools.clocks, pool.current(index) != nil else { return false }
        let step = Self.steps[Int(at.inSeconds * 1_000) % Self.steps.count]
        guard clocks.set(index, toSeconds: step) else { return false }
        await pause(length)
        return clocks.set(index, toSeconds: 0)
    }
}
