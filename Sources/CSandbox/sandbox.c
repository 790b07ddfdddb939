#define _GNU_SOURCE
#include "CSandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int csb_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno; }

int csb_die_with_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno;
    // A parent that died before the line above sends nothing any more, so look once.
    return parent != 0 && getppid() != parent ? ESRCH : 0;
}

int csb_limit(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return errno;
    struct rlimit next = {.rlim_cur = soft, .rlim_max = hard};
    // A lower limit that somebody set already stays.
    if (next.rlim_max > now.rlim_max) next.rlim_max = now.rlim_max;
    if (next.rlim_cur > next.rlim_max) next.rlim_cur = next.rlim_max;
    return setrlimit(resource, &next) == 0 ? 0 : errno;
}

int csb_thread_count(void) {
    DIR *folder = opendir("/proc/self/task");
    if (!folder) return 0;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

// Newer than this Debian's header; values of include/uapi/linux/landlock.h.
#define ACCESS_TRUNCATE (1ULL << 14)
#define ACCESS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_AND_CONNECT 3ULL
#define SCOPE_ABSTRACT_SOCKET_AND_SIGNAL 3ULL

struct ruleset {
    uint64_t fs, net, scoped;
};

int csb_landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

static int add_path(int ruleset, const struct csb_path *path, uint64_t handled) {
    uint64_t wanted = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    if (path->writable)
        wanted |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER |
                  ACCESS_TRUNCATE;
    int folder = open(path->path, O_PATH | O_CLOEXEC);
    if (folder < 0) return errno;
    struct stat facts;
    if (fstat(folder, &facts) == 0 && !S_ISDIR(facts.st_mode))
        wanted &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE;
    struct landlock_path_beneath_attr rule = {.allowed_access = wanted & handled, .parent_fd = folder};
    int failure = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
    close(folder);
    return failure;
}

int csb_landlock_restrict(const struct csb_path *paths, size_t count) {
    int version = csb_landlock_version();
    if (version == 0) return ENOSYS;
    struct ruleset rules = {.fs = (1ULL << 13) - 1};
    if (version >= 2) rules.fs |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) rules.fs |= ACCESS_TRUNCATE;
    if (version >= 4) rules.net = NET_BIND_AND_CONNECT;
    if (version >= 5) rules.fs |= ACCESS_IOCTL_DEV;
    if (version >= 6) rules.scoped = SCOPE_ABSTRACT_SOCKET_AND_SIGNAL;
    size_t size = version >= 6 ? sizeof rules : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) return errno;
    int failure = 0;
    for (size_t i = 0; i < count && !failure; i++) failure = add_path(ruleset, &paths[i], rules.fs);
    if (!failure && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) failure = errno;
    close(ruleset);
    return failure;
}

static int allow_call(scmp_filter_ctx filter, int call, enum csb_rule rule) {
    static const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                       CLONE_NEWNET | CLONE_NEWCGROUP;
    static const int descriptor_commands[] = {F_DUPFD,  F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,  F_GETFL,
                                              F_SETFL,  F_GETLK,         F_SETLK,     F_SETLKW, F_OFD_GETLK,
                                              F_OFD_SETLK, F_ADD_SEALS,  F_GET_SEALS, F_GETPIPE_SZ};
    int failure = 0;
    switch (rule) {
    case CSB_ANY: return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
    case CSB_OWN_PROCESS:
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    case CSB_THREADS_ONLY:
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                                SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM | namespaces,
                                        CLONE_THREAD | CLONE_VM));
    case CSB_THREAD_NAME:
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
        return failure ? failure
                       : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, PR_GET_NAME));
    case CSB_READ_LIMITS:
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 2, SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
    case CSB_DESCRIPTOR:
        for (size_t i = 0; i < sizeof descriptor_commands / sizeof *descriptor_commands && !failure; i++)
            failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                                       SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)descriptor_commands[i]));
        return failure;
    case CSB_EMPTY_PATH:
        if (call == SCMP_SYS(statx))
            return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                                    SCMP_A2(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                                SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    case CSB_NOT_FOUND: return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
    }
    return -EINVAL;
}

int csb_seccomp(const struct csb_call *calls, size_t count) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) return ENOMEM;
    int failure = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    // A binary search instead of a walk through the list: hot calls stay cheap.
    if (!failure) failure = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (size_t i = 0; i < count && !failure; i++) {
        int call = seccomp_syscall_resolve_name(calls[i].name);
        if (call < 0) continue;
        failure = allow_call(filter, call, calls[i].rule);
    }
    if (!failure) failure = seccomp_load(filter);
    seccomp_release(filter);
    return failure < 0 ? -failure : failure;
}
