import Catalog
import HelperProtocol
import Logging
import Model

/// Keeps a content that crashes native code away from it: by its hash and the operation, whoever sends it, until the
/// engine is another one. Otherwise one bad file, sent again and again, would keep crashing helpers.
struct CrashQuarantine: Sendable {
    static let code = "quarantined"

    let catalog: Catalog
    /// Crashes until a content is in quarantine; 1 or more.
    let maxCrashes: Int
    /// Name and version of the engine that would read an asset.
    let engine: @Sendable (Asset) async throws -> String
    let logger: Logger

    /// Has an operation done, unless its content is in quarantine.
    ///
    /// - Parameter past: what the record says of this content and operation.
    /// - Throws: ``JobFailure`` `quarantined` in place of the crash that was one too many; else what `body` throws.
    func guarding(
        _ asset: Asset, in operation: QueueName, past: PastCrashes?, _ body: () async throws -> StepFinding
    ) async throws -> StepFinding {
        if let past, past.count >= maxCrashes, try await engine(asset) == past.engine {
            throw Self.refusal(past.count, stderrTail: nil)
        }
        do {
            let finding = try await body()
            if past != nil { await forgive(asset, operation) }
            return finding
        } catch {
            guard !Task.isCancelled, let crash = Self.crash(error),
                let count = await note(crash, asset, operation), count >= maxCrashes
            else { throw error }
            throw Self.refusal(count, stderrTail: crash.stderrTail)
        }
    }

    /// The content has passed after all, so it was not what crashed.
    private func forgive(_ asset: Asset, _ operation: QueueName) async {
        do {
            try await catalog.forgetCrashes(of: asset.sha256, in: operation.rawValue)
        } catch {
            logger.warning("a crash could not be forgotten", metadata: ["reason": "\(error)"])
        }
    }

    private func note(_ crash: JobFailure, _ asset: Asset, _ operation: QueueName) async -> Int? {
        do {
            let count = try await catalog.noteCrash(
                of: asset.sha256, in: operation.rawValue, engine: try await engine(asset),
                error: RecordedError(code: crash.code, message: crash.message))
            logger.warning(
                count < maxCrashes ? "native code crashed" : "content is in quarantine",
                metadata: [
                    "sha256": "\(asset.sha256)", "operation": "\(operation.rawValue)", "crashes": "\(count)",
                    "reason": "\(crash.message)",
                ])
            return count
        } catch {
            // The job's own count of crashes still ends it.
            logger.warning("a crash could not be recorded", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// The error, if native code is to blame for it.
    private static func crash(_ error: any Error) -> JobFailure? {
        let failure = (error as? HelperFailure)?.jobFailure ?? error as? JobFailure
        return failure?.cause == .crash ? failure : nil
    }

    private static func refusal(_ crashes: Int, stderrTail: String?) -> JobFailure {
        JobFailure(
            .badInput, code: code,
            message: "A file with exactly this content crashed the program that reads it \(crashes) times, "
                + "so it is not read again.",
            stderrTail: stderrTail)
    }
}
