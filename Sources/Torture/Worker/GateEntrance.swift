import CSandbox
import CSeccomp
import Glibc

/// How a process comes behind a ``CallGate``: it says which system calls are asked about, sends the channel for that over
/// descriptor 3, and becomes another program.
public enum GateEntrance {
    static let descriptor: Int32 = 3

    private static let calls = [
        "fsync", "fdatasync", "link", "linkat", "rename", "renameat", "renameat2", "copy_file_range",
    ]

    /// Returns only by throwing.
    ///
    /// - Parameter command: the program's path and its arguments.
    public static func pass(to command: [String]) throws {
        // Macros that Swift does not see: SCMP_ACT_ALLOW and SCMP_ACT_NOTIFY.
        guard let filter = seccomp_init(0x7fff_0000) else { throw TortureError("no filter for system calls") }
        for name in calls {
            let number = seccomp_syscall_resolve_name(name)
            // Not every architecture has each.
            guard number >= 0 else { continue }
            try check(seccomp_rule_add_array(filter, 0x7fc0_0000, number, 0, nil), "filter of \(name)")
        }
        try check(seccomp_load(filter), "filter")
        var channel = seccomp_notify_fd(filter)
        guard channel >= 0 else { throw TortureError("no channel for the gate") }
        guard csb_send(descriptor, "g", 1, nil, 0, &channel, 1, 0) == 1 else {
            throw TortureError("nobody is at the gate")
        }
        close(channel)
        close(descriptor)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        execv(command[0], &arguments)
        throw TortureError("\(command[0]) cannot be started: errno \(errno)")
    }

    private static func check(_ code: Int32, _ what: String) throws {
        if code != 0 { throw TortureError("\(what): errno \(-code)") }
    }
}
