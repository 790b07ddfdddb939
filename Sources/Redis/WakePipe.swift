internal import Glibc

/// A descriptor that another thread makes readable, to end a `poll`.
public struct WakePipe: ~Copyable, Sendable {
    /// Readable after ``signal()``, until ``clear()``.
    public let input: Int32
    private let output: Int32

    public init() {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let made = socketpair(AF_UNIX, kind, 0, &ends)
        precondition(made == 0, "no descriptors left: errno \(errno)")
        input = ends[0]
        output = ends[1]
    }

    deinit {
        close(input)
        close(output)
    }

    public func signal() {
        var byte: UInt8 = 1
        _ = send(output, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    public func clear() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while recv(input, &bytes, bytes.count, 0) > 0 {}
    }
}
