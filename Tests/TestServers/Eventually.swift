import Glibc

/// Waits until the condition holds; throws when it does not within the limit and a good many looks, since in a busy test
/// process the time may pass between two of them.
///
/// - Parameter what: what was waited for, as the failure names it.
public func eventually(
    _ what: String, within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var looks = 0
    while try await !condition() {
        looks += 1
        if ContinuousClock.now > deadline, looks > 100 { throw NotInTime(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Something that a test waited for did not happen.
public struct NotInTime: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    public var description: String { "not within \(limit): \(what)" }
}

/// As ``eventually(_:within:_:)``, for start-up code that is not asynchronous.
func waitUntil(_ what: String, within limit: Duration = .seconds(20), _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        if ContinuousClock.now > deadline { throw NotInTime(what: what, limit: limit) }
        usleep(20_000)
    }
}
