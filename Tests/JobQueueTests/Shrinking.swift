import Testing

/// What a model and the real thing do not agree on.
struct Disagreement: Error, CustomStringConvertible {
    let description: String
}

func agree<T: Equatable>(_ real: T, _ model: T, _ what: @autoclosure () -> String) throws {
    guard real != model else { return }
    throw Disagreement(description: "\(what()): is \(real), should be \(model)")
}

/// Random histories that go wrong are long; what is reported is a part of one that goes wrong and of which no step can be
/// left out (delta debugging, Zeller and Hildebrandt 2002).
enum Shrinking {
    /// Runs steps; where they go wrong, finds out which of them matter, and reports those with the seed.
    ///
    /// - Parameter run: on fresh ground each time. A step must mean the same whichever others are left out.
    static func check<Step>(seed: UInt64, _ steps: [Step], run: ([Step]) async throws -> Void) async throws {
        guard let report = try await report(seed: seed, steps, run: run) else { return }
        Issue.record("\(report.text)")
    }

    /// What ``check(seed:_:run:)`` tells; nil: all is well.
    static func report<Step>(
        seed: UInt64, _ steps: [Step], run: ([Step]) async throws -> Void
    ) async throws -> (steps: [Step], text: String)? {
        do {
            try await run(steps)
            return nil
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            var reason = "\(error)"
            let minimal = await shrink(steps) { fewer in
                do {
                    try await run(fewer)
                    return false
                } catch {
                    if !Task.isCancelled { reason = "\(error)" }
                    return !Task.isCancelled
                }
            }
            let lines = minimal.enumerated().map { "  \($0 + 1). \($1)" }
            let text = "seed \(seed): \(reason)\nafter \(minimal.count) of \(steps.count) steps:\n"
            return (minimal, text + lines.joined(separator: "\n"))
        }
    }

    /// Leaves out halves, quarters and so on down to single steps, until none can be left out any more.
    ///
    /// - Parameter tries: after so many, or a minute, what is left by then has to do.
    static func shrink<Step>(
        _ steps: [Step], tries: Int = 1_000, whileItFails fails: ([Step]) async -> Bool
    ) async -> [Step] {
        let deadline = ContinuousClock.now + .seconds(60)
        var rest = steps
        var left = tries
        var size = max(1, rest.count / 2)
        while left > 0, ContinuousClock.now < deadline {
            var hasShrunk = false
            // From the end: what comes after the wrong step goes first.
            var end = rest.count
            while end > 0, left > 0, ContinuousClock.now < deadline {
                let start = max(0, end - size)
                let fewer = Array(rest[..<start] + rest[end...])
                left -= 1
                if await fails(fewer) {
                    rest = fewer
                    hasShrunk = true
                }
                end = start
            }
            if size > 1 { size /= 2 } else if !hasShrunk { break }
        }
        return rest
    }
}
