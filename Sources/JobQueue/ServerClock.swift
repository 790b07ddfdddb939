internal import Foundation
internal import Synchronization

/// The Redis server's time, carried on by our own monotonic clock between answers.
final class ServerClock: Sendable {
    private struct Reading {
        var serverMs: Int64
        var at: ContinuousClock.Instant
    }
    private let reading = Mutex<Reading?>(nil)

    func set(serverMs: Int64) {
        reading.withLock { $0 = Reading(serverMs: serverMs, at: .now) }
    }

    /// This machine's time until the server has told its own.
    var now: Date {
        guard let reading = reading.withLock({ $0 }) else { return Date() }
        let ms = Double(reading.serverMs) + (ContinuousClock.now - reading.at) / .milliseconds(1)
        return Date(timeIntervalSince1970: ms / 1000)
    }
}
