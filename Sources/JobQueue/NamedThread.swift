internal import Foundation

extension Thread {
    /// Starts a thread for blocking work; it ends when `body` returns.
    ///
    /// - Parameter stackBytes: nil: the system's default.
    static func start(named name: String, stackBytes: Int? = nil, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            // Set from within: Foundation on Linux passes a name set before on to nobody.
            Thread.current.name = name
            body()
        }
        if let stackBytes { thread.stackSize = stackBytes }
        thread.start()
    }
}
