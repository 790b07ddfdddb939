internal import Glibc

/// A step of the confinement that the kernel refused. The helper must not touch any input then.
public struct SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Step: String, Sendable, Hashable {
        case deathWithParent = "death with the parent"
        case limits = "resource limits"
        case singleThread = "confining before the first thread is started"
        case noNewPrivileges = "no_new_privs"
        case landlock = "Landlock (do the profile's folders exist?)"
        case seccomp = "seccomp (does the kernel or container allow filters?)"
    }

    public var step: Step
    /// The `errno` value.
    public var code: Int32

    public var description: String { "sandbox: \(step.rawValue) failed: \(String(cString: strerror(code)))" }
}
