import Synchronization

/// How far a download has come.
final class Position: Sendable {
    private let offset: Mutex<Int64>

    init(_ offset: Int64) { self.offset = Mutex(offset) }

    /// The next stretch of at most `step` bytes, or nil at the end.
    func advance(by step: Int64, to end: Int64) -> Range<Int64>? {
        offset.withLock { offset in
            guard offset < end else { return nil }
            let part = offset..<min(offset + step, end)
            offset = part.upperBound
            return part
        }
    }
}
