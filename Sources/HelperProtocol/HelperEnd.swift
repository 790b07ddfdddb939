internal import Glibc
internal import Model

/// Why the coordinator ended a helper; nil: the helper died by itself.
enum Blame: Sendable, Hashable {
    case stopped
    case cancelled(UInt64)
    case timedOut(UInt64, after: Duration)
    case violation(String)
    case notReady(String)
}

/// How a helper's life ended, and what that means for each request it had.
struct HelperEnd: Sendable {
    /// The status as `wait4` gives it.
    var status: Int32
    var blame: Blame?
    var stderrTail: String
    /// The kernel's out-of-memory killer was at work while the helper lived.
    var outOfMemoryKill: Bool

    private var signal: Int32? { status & 0x7f == 0 ? nil : status & 0x7f }
    private var exitStatus: Int32 { (status >> 8) & 0xff }

    /// - Parameter open: the ids of all requests that had no answer.
    func failure(for id: UInt64, among open: Set<UInt64>) -> HelperFailure {
        switch blame {
        case .stopped, .notReady: .interrupted
        case .cancelled(let culprit): id == culprit ? .cancelled : .interrupted
        case .timedOut(let culprit, let duration): id == culprit ? .timedOut(after: duration) : .interrupted
        case .violation(let reason): .protocolViolation(reason, stderrTail: stderrTail)
        case nil:
            if let culprit = noted, open.contains(culprit), culprit != id { .interrupted } else { ownDeath }
        }
    }

    /// What somebody hears who asks for work after the end, or who waited for the start.
    var failureToStart: HelperFailure {
        switch blame {
        case .stopped, .cancelled, .timedOut: .interrupted
        case .violation(let reason): .protocolViolation(reason, stderrTail: stderrTail)
        case .notReady(let reason): .notStarted(reason, stderrTail: stderrTail)
        case nil: ownDeath
        }
    }

    private var ownDeath: HelperFailure {
        guard let signal else {
            return looksOutOfMemory
                ? .outOfMemory(stderrTail: stderrTail) : .exited(status: exitStatus, stderrTail: stderrTail)
        }
        if looksOutOfMemory || signal == SIGKILL && outOfMemoryKill { return .outOfMemory(stderrTail: stderrTail) }
        return .crashed(signal: signal, stderrTail: stderrTail)
    }

    private var looksOutOfMemory: Bool {
        let text = stderrTail.lowercased()
        return ["bad_alloc", "out of memory", "cannot allocate memory", "failed to allocate", "memory exhausted"]
            .contains { text.contains($0) }
    }

    /// The request that the helper's crash handler named. The text is the helper's own: good for choosing among its own
    /// requests, and for nothing else.
    private var noted: UInt64? {
        for line in stderrTail.split(separator: "\n").reversed() where line.hasPrefix("request ") {
            let words = line.split(separator: " ")
            if words.count == 4, words[2] == "signal" { return UInt64(words[1].dropLast()) }
        }
        return nil
    }
}

extension HelperFailure {
    static func name(ofSignal signal: Int32) -> String {
        switch signal {
        case SIGSEGV: "SIGSEGV"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGILL: "SIGILL"
        case SIGFPE: "SIGFPE"
        case SIGTRAP: "SIGTRAP"
        case SIGXCPU: "SIGXCPU: its CPU time is used up"
        case SIGKILL: "SIGKILL"
        default: "signal \(signal)"
        }
    }
}
