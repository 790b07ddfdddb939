internal import CSandbox

/// One entry of an allow-list: a system call and the arguments it may have.
struct SystemCall: Sendable, Hashable {
    enum Rule: Sendable, Hashable {
        case any, ownProcess, threadsOnly, threadName, readLimits, descriptor, emptyPath, notFound
    }

    var name: String
    var rule: Rule

    private static func any(_ names: String) -> [SystemCall] {
        names.split(whereSeparator: \.isWhitespace).map { SystemCall(name: String($0), rule: .any) }
    }

    /// What C, C++, the Swift runtime, Foundation, Dispatch and the media libraries need with descriptors that are
    /// open already. No call here names a path that can be opened, a socket address or a program.
    ///
    /// `mmap` and `mprotect` may ask for executable memory: Orc, PCRE and x264 compile code at run time.
    static let common: [SystemCall] =
        any(
            """
            read write readv writev pread64 pwrite64 preadv pwritev lseek close close_range dup dup2 dup3
            fstat ftruncate fallocate fsync fdatasync fadvise64
            recvmsg sendmsg recvfrom getsockopt shutdown pipe2 eventfd2 poll ppoll select pselect6
            epoll_create1 epoll_ctl epoll_wait epoll_pwait timerfd_create timerfd_settime timerfd_gettime
            mmap munmap mprotect mremap madvise msync mincore brk membarrier
            futex set_robust_list get_robust_list rseq sched_yield sched_getaffinity sched_getparam
            sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu getpriority
            rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack restart_syscall
            clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times
            getpid getppid gettid getuid geteuid getgid getegid getrusage getrlimit getrandom sysinfo uname
            exit exit_group
            """)
        + [
            SystemCall(name: "clone", rule: .threadsOnly),
            // Its flags stand in memory, where a filter cannot look; glibc then takes `clone`.
            SystemCall(name: "clone3", rule: .notFound),
            SystemCall(name: "kill", rule: .ownProcess),
            SystemCall(name: "tgkill", rule: .ownProcess),
            SystemCall(name: "prctl", rule: .threadName),
            SystemCall(name: "prlimit64", rule: .readLimits),
            SystemCall(name: "fcntl", rule: .descriptor),
            SystemCall(name: "newfstatat", rule: .emptyPath),
            SystemCall(name: "statx", rule: .emptyPath),
        ]

    /// Paths, for the virus engine; Landlock says which. What Landlock does not govern (owners, modes, times, extended
    /// attributes, the working folder) is left out.
    static let files: [SystemCall] = any(
        """
        open openat access faccessat faccessat2 stat lstat newfstatat statx readlink readlinkat getdents64 getcwd
        mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 fchmod umask statfs fstatfs flock
        """)
}

extension SystemCall.Rule {
    var c: csb_rule {
        switch self {
        case .any: CSB_ANY
        case .ownProcess: CSB_OWN_PROCESS
        case .threadsOnly: CSB_THREADS_ONLY
        case .threadName: CSB_THREAD_NAME
        case .readLimits: CSB_READ_LIMITS
        case .descriptor: CSB_DESCRIPTOR
        case .emptyPath: CSB_EMPTY_PATH
        case .notFound: CSB_NOT_FOUND
        }
    }
}
