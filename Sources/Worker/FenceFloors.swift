import Logging
import Synchronization

/// Asks the record where fences go on from, for as long as it takes: the claiming thread does not wait for a database.
final class FenceFloors: Sendable {
    private let source: @Sendable (String) async throws -> Int64
    private let logger: Logger
    private let question = Mutex<Task<Void, Never>?>(nil)

    init(source: @escaping @Sendable (String) async throws -> Int64, logger: Logger) {
        self.source = source
        self.logger = logger
    }

    /// A question about a newer server replaces an older one.
    func ask(of redis: String, _ answer: @escaping @Sendable (Int64) -> Void) {
        // Unstructured, as the asking thread is no task; ended by the next question or by `stop`.
        let task = Task { [source, logger] in
            while !Task.isCancelled {
                do {
                    return answer(try await source(redis))
                } catch {
                    logger.warning("No claims before the record answers", metadata: ["reason": "\(error)"])
                    try? await Task.sleep(for: .milliseconds(500))
                }
            }
        }
        question.withLock { question in
            question?.cancel()
            question = task
        }
    }

    func stop() { question.withLock { $0?.cancel() } }
}
