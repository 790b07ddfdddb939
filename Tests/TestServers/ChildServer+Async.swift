import Foundation

extension ChildServer {
    /// Runs a command to its end, on a thread of its own, and returns its standard output and error.
    ///
    /// For commands that talk to a server in the test's own process: waiting for them on the cooperative pool, or on a
    /// global dispatch queue, which shares its threads, would keep that server from answering.
    public static func outputAsync(of command: [String], environment: [String: String] = [:]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try output(of: command, environment: environment) })
            }
        }
    }
}
