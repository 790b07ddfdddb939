internal import CSandbox
internal import Glibc

/// Confines the calling process, once and for good.
///
/// In this order: death with the parent, resource limits, `no_new_privs`, Landlock (paths, TCP, signals), seccomp (an
/// allow-list of system calls for all threads). The denied call answers EPERM and does not kill: libraries probe for
/// optional calls and go on without them, and a call that is refused has done no harm. A helper can therefore make no
/// socket, start no program or process, and open no path outside its profile.
///
/// Works alike for root and for unprivileged users. seccomp is required; a kernel without Landlock (or with it switched
/// off) is reported once in ``Applied/landlockVersion`` and on stderr, and the scan profile is then confined by
/// seccomp and file permissions only.
///
/// - Important: No `Task`, no `async`, no Dispatch queue behind the pictures' and videos' sandbox: libdispatch counts its
///   threads by opening files below `/proc/self/task` and ends the process when it cannot. Threads, locks and semaphores
///   are fine.
public enum Sandbox {
    public struct Applied: Sendable, Hashable {
        /// Version of Landlock's interface, nil where the kernel has none.
        public var landlockVersion: Int?
    }

    /// - Parameter parent: the process whose death ends this one; nil: nobody's.
    ///   The kernel watches the *thread* of the parent that started this process.
    /// - Throws: ``SandboxError``; the process must then end, since it may be confined by halves.
    @discardableResult
    public static func apply(_ profile: SandboxProfile, parent: Int32? = nil) throws(SandboxError) -> Applied {
        if let parent { try check(csb_die_with_parent(parent), .deathWithParent) }
        signal(SIGXFSZ, SIG_IGN)
        try apply(profile.limits)
        // Landlock binds only the thread that asks and those it starts later.
        guard csb_thread_count() <= 1 else { throw SandboxError(step: .singleThread, code: EBUSY) }
        try check(csb_no_new_privileges(), .noNewPrivileges)
        let version = try confinePaths(profile.paths)
        try loadFilter(profile.calls)
        return Applied(landlockVersion: version)
    }

    private static func apply(_ limits: ResourceLimits) throws(SandboxError) {
        try check(csb_limit(Int32(RLIMIT_CORE.rawValue), 0, 0), .limits)
        if let bytes = limits.addressSpaceBytes {
            try check(csb_limit(Int32(RLIMIT_AS.rawValue), bytes, bytes), .limits)
        }
        if let seconds = limits.cpuSeconds {
            try check(csb_limit(Int32(RLIMIT_CPU.rawValue), seconds, seconds + 1), .limits)
        }
        if let bytes = limits.fileSizeBytes {
            try check(csb_limit(Int32(RLIMIT_FSIZE.rawValue), bytes, bytes), .limits)
        }
        if let files = limits.openFiles {
            try check(csb_limit(Int32(RLIMIT_NOFILE.rawValue), files, files), .limits)
        }
    }

    private static func confinePaths(_ paths: [SandboxProfile.Path]) throws(SandboxError) -> Int? {
        let version = Int(csb_landlock_version())
        guard version > 0 else {
            let note = Array("sandbox: this kernel has no Landlock; confined by seccomp alone\n".utf8)
            _ = note.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            return nil
        }
        let names = paths.map { strdup($0.path) }
        defer { names.forEach { free($0) } }
        let rules = zip(names, paths).map { csb_path(path: $0, writable: $1.isWritable ? 1 : 0) }
        try check(csb_landlock_restrict(rules, rules.count), .landlock)
        return version
    }

    private static func loadFilter(_ calls: [SystemCall]) throws(SandboxError) {
        let names = calls.map { strdup($0.name) }
        defer { names.forEach { free($0) } }
        let rules = zip(names, calls).map { csb_call(name: $0, rule: $1.rule.c) }
        try check(csb_seccomp(rules, rules.count), .seccomp)
    }

    private static func check(_ code: Int32, _ step: SandboxError.Step) throws(SandboxError) {
        if code != 0 { throw SandboxError(step: step, code: code) }
    }
}
