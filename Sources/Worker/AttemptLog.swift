import Foundation
import JobQueue
import Model
import Synchronization

/// Counts the lines of one attempt.
final class AttemptLog: Sendable {
    private let sent = Mutex(0)

    /// What of these lines is sent; a remark in place of the first that is too many, and nothing after it.
    func admit(_ lines: [String]) -> [String] {
        sent.withLock { sent in
            let room = LogLine.maxPerAttempt - sent
            sent += lines.count
            if lines.count <= room { return lines }
            // The remark is sent once.
            guard room >= 0 else { return [] }
            sent = LogLine.maxPerAttempt + 1
            return lines.prefix(room) + ["more lines were left out: an attempt may send \(LogLine.maxPerAttempt)"]
        }
    }
}

extension RunningJob {
    /// Tells operators something about this attempt: it stands in the job's log and is sent as `JOB_LOG`.
    ///
    /// Bounded, see ``LogLine``; several lines may be told at once. Nothing secret: whoever may see the job sees it.
    public func log(_ text: String) {
        let batch = envelope.batch
        let asset = batch == nil ? nil : envelope.payload["asset"]?.string.flatMap { UUID(uuidString: $0) }
        for line in lines.admit(LogLine.lines(of: text)) {
            report(
                ProgressEvent(
                    .jobLog, batch: batch, asset: asset, job: id, queue: claim.queue,
                    data: ["line": .string(line), "attempt": .int(Int64(attempt))]))
        }
    }

    /// What is known of a failed attempt beyond its reason.
    func log(_ failure: JobFailure) {
        log("attempt \(attempt) failed: \(failure.code): \(failure.message)")
        let tail = (failure.stderrTail ?? "").split(separator: "\n").suffix(20)
        for line in tail { log("stderr: \(line)") }
    }
}
