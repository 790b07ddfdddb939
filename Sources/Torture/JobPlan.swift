import Model

/// What one job of the ledger is meant to do.
enum JobPlan: Sendable, Hashable {
    case immediate
    case sleeps(ms: Int)
    /// Fails at each attempt: must end dead.
    case fails(attempts: Int)
    /// Runs longer than it may at each attempt: must end dead.
    case timesOut(attempts: Int)
    case delayed(by: Duration)
    /// Is cancelled before it is due.
    case cancelledWaiting(delay: Duration, after: Duration)
    /// Runs for long, and is cancelled once it does.
    case cancelledRunning(after: Duration)
    /// Leaves an object in the storage.
    case stores(bytes: Int)
    /// Has a helper take memory, and compute a number.
    case helped(mb: Int)
    /// Has a helper ask for more memory than it may have: must end dead. Else the helper ends as a C++ program would.
    case runsOutOfMemory(orderly: Bool)
    /// Has a helper crash: must end dead.
    case crashes

    /// Whether it may end so.
    ///
    /// - Parameter code: why it is dead.
    func permits(_ state: JobState, code: String?) -> Bool {
        switch self {
        case .immediate, .sleeps, .delayed, .stores: state == .done
        // Whether one of the few attempts fails for another reason first is up to the faults.
        case .fails, .timesOut: state == .dead
        case .cancelledWaiting, .cancelledRunning: state == .cancelled || state == .done
        // Helpers without memory end like those that ask for too much, and the second or third time is the last.
        case .helped: state == .done || state == .dead && Self.helperCodes.contains(code ?? "")
        case .runsOutOfMemory, .crashes: state == .dead && Self.helperCodes.contains(code ?? "")
        }
    }

    /// How often its handler runs when nothing goes wrong; nil: that depends.
    var expectedStarts: Int? {
        switch self {
        case .immediate, .sleeps, .delayed, .stores, .helped: 1
        case .fails(let attempts), .timesOut(let attempts): attempts
        case .runsOutOfMemory: 3
        case .crashes: 2
        case .cancelledWaiting, .cancelledRunning: nil
        }
    }

    /// How long after its enqueuing somebody cancels it.
    var cancelAfter: Duration? {
        switch self {
        case .cancelledWaiting(_, let after), .cancelledRunning(let after): after
        default: nil
        }
    }

    var isStored: Bool { if case .stores = self { true } else { false } }

    /// Whether what it leaves can be looked at once it is done.
    var leavesAnEffect: Bool {
        switch self {
        case .stores, .helped: true
        default: false
        }
    }

    private static let helperCodes = [OperationFailure.Code.outOfMemory, OperationFailure.Code.crashed]
}
