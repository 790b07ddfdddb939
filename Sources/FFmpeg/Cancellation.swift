internal import Synchronization

/// A flag that any thread may raise; reading, decoding and writing look at it once a packet and at every block of I/O.
public final class Cancellation: Sendable {
    private let raised = Atomic<Bool>(false)

    public init() {}

    public func cancel() { raised.store(true, ordering: .relaxed) }

    public var isCancelled: Bool { raised.load(ordering: .relaxed) }

    /// - Throws: ``FFmpegError`` with `.cancelled` once the flag is up.
    public func check(_ operation: @autoclosure () -> String) throws(FFmpegError) {
        if isCancelled { throw FFmpegError(.cancelled, operation(), "cancelled") }
    }
}
