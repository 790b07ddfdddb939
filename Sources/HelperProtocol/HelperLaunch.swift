internal import Glibc

/// How a helper is started.
public struct HelperLaunch: Sendable, Hashable {
    /// What happens to the helper when one of its requests is cancelled or runs out of time.
    public enum Interruption: Sendable, Hashable {
        /// SIGKILL: the CPU and the memory are free at once. For helpers with one job at a time.
        case kill
        /// The helper is told and the caller goes on; if it does not answer within that time it hangs, and is killed.
        /// For helpers that serve several jobs and are expensive to start.
        case tell(thenKillAfter: Duration)
    }

    /// Path of the executable.
    public var executable: String
    public var arguments: [String]
    /// Added to the small environment that every helper gets; nothing is inherited but `LD_LIBRARY_PATH`.
    public var environment: [String: String]
    public var interruption: Interruption
    /// Until the helper must have said that it is ready.
    public var startTimeout: Duration

    public init(
        executable: String, arguments: [String] = [], environment: [String: String] = [:],
        interruption: Interruption = .kill, startTimeout: Duration = .seconds(30)
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.interruption = interruption
        self.startTimeout = startTimeout
    }

    /// `NAME=value` lines of the helper's environment.
    var environmentBlock: [String] {
        var all = ["SWIFT_BACKTRACE": "enable=no", "MALLOC_ARENA_MAX": "2", "LANG": "C.UTF-8", "TZ": "UTC"]
        if let path = getenv("LD_LIBRARY_PATH") { all["LD_LIBRARY_PATH"] = String(cString: path) }
        all.merge(environment) { _, own in own }
        return all.map { "\($0.key)=\($0.value)" }
    }
}
