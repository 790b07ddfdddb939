internal import Glibc
public import Model

/// Why a helper gave no result.
public enum HelperFailure: Error, Sendable, Hashable {
    /// The operation was done and failed in an orderly way; the helper goes on.
    case failed(OperationFailure)
    /// Native code died of a signal: SIGSEGV, SIGABRT …
    case crashed(signal: Int32, stderrTail: String)
    /// The helper ended by itself.
    case exited(status: Int32, stderrTail: String)
    /// Memory ran out: its own limit, or the kernel's out-of-memory killer.
    case outOfMemory(stderrTail: String)
    /// Took longer than its time; the helper was killed, or told to stop where it serves several jobs.
    case timedOut(after: Duration)
    /// The task was cancelled.
    case cancelled
    /// Stopped through no fault of this request: another one in the same helper crashed or hung, or the helper was
    /// being stopped. Run it again.
    case interrupted
    /// The helper sent what no honest helper sends, and was killed.
    case protocolViolation(String, stderrTail: String)
    /// The helper could not be started, or said that it cannot work. The text says what to do.
    case notStarted(String, stderrTail: String)
    /// The request itself cannot be sent: too large, or too many descriptors.
    case badRequest(String)
}

extension HelperFailure {
    /// The last lines the helper wrote to stderr; at most 4 KiB.
    public var stderrTail: String? {
        switch self {
        case .crashed(_, let tail), .exited(_, let tail), .outOfMemory(let tail), .protocolViolation(_, let tail),
            .notStarted(_, let tail):
            tail.isEmpty ? nil : tail
        case .failed(let failure): failure.detail
        case .timedOut, .cancelled, .interrupted, .badRequest: nil
        }
    }

    /// The failure as a job records it: whose fault, a stable code, a sentence for people.
    public var jobFailure: JobFailure {
        let (cause, code, message): (FailureCause, String, String) =
            switch self {
            case .failed(let failure): (Self.cause(of: failure), failure.code, failure.message)
            case .crashed(let signal, _) where signal == SIGKILL || signal == SIGTERM:
                (.infrastructure, "helper_interrupted", "The helper process was killed from outside.")
            case .crashed(let signal, _):
                (.crash, OperationFailure.Code.crashed, "The decoder crashed (\(Self.name(ofSignal: signal))).")
            case .exited(let status, _):
                (.crash, OperationFailure.Code.crashed, "The decoder ended by itself (exit status \(status)).")
            case .outOfMemory:
                (
                    .outOfMemory, OperationFailure.Code.outOfMemory,
                    "The file needs more memory than a job may have."
                )
            case .timedOut(let duration):
                (
                    .timeout, OperationFailure.Code.timedOut,
                    "The work took longer than \(duration)."
                )
            case .cancelled: (.cancelled, "cancelled", "The job was cancelled.")
            case .interrupted: (.infrastructure, "helper_interrupted", "The helper process was stopped.")
            case .protocolViolation(let reason, _):
                (.crash, "helper_protocol", "The helper broke its protocol: \(reason).")
            case .notStarted(let reason, _): (.transient, "helper_not_started", reason)
            case .badRequest(let reason): (.internal, OperationFailure.Code.internalError, reason)
            }
        return JobFailure(cause, code: code, message: message, stderrTail: stderrTail)
    }

    private static func cause(of failure: OperationFailure) -> FailureCause {
        switch failure.fault {
        case .input: .badInput
        case .resource:
            switch failure.code {
            case OperationFailure.Code.outOfMemory: .outOfMemory
            case OperationFailure.Code.timedOut: .timeout
            default: .transient
            }
        case .internal: .internal
        }
    }
}

extension HelperFailure: CustomStringConvertible {
    public var description: String { jobFailure.description }
}
