internal import CClamAV
internal import Glibc
internal import Synchronization

/// The library itself: set up once a process, before any thread and before the sandbox.
public enum ClamLibrary {
    /// `ClamAV 1.4.6`.
    public static let version = "ClamAV " + String(cString: cl_retver()).prefix { $0 != "/" }

    /// The newest error message, for the text of a failed load: return codes alone do not name the broken file.
    static let lastError = Mutex("")

    private static let setUp: cl_error_t = {
        cl_set_clcb_msg { severity, _, message, _ in
            // Warnings speak of single broken members of hostile files: nobody reads those.
            guard severity == CL_MSG_ERROR, let message else { return }
            let text = String(String(cString: message).prefix(500))
            if let witness = ScanWitness.ofThisThread {
                witness.complain(text)
            } else {
                ClamLibrary.lastError.withLock { $0 = text }
            }
        }
        return cl_init(UInt32(CL_INIT_DEFAULT))
    }()

    /// Call it first; again is free.
    public static func initialize() throws(ClamAVError) {
        guard setUp == CL_SUCCESS else { throw ClamAVError(setUp, doing: "setting up libclamav") }
    }
}
