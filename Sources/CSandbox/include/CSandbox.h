// What a process does to itself before it touches hostile bytes, and what Swift cannot call: variadic seccomp rules,
// Landlock's system calls, control messages with descriptors, and a crash handler that is safe in a signal.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// All functions below return 0 or an errno value, unless said otherwise.

int csb_no_new_privileges(void);

// The kernel sends SIGKILL when the thread that started this process ends. ESRCH: `parent` has ended already.
// `parent` 0 skips that check.
int csb_die_with_parent(pid_t parent);

int csb_limit(int resource, uint64_t soft, uint64_t hard);

// Number of threads of this process, or 0 where /proc cannot be read.
int csb_thread_count(void);

// Landlock's version in this kernel; 0 where it is absent or switched off.
int csb_landlock_version(void);

struct csb_path {
    const char *path;
    int writable; // files and folders below it may also be created, changed and removed
};

// Denies this thread, and all threads and processes that it starts, every path but those below `paths`, and (from
// version 4) TCP, (from 6) abstract sockets and signals to the outside.
int csb_landlock_restrict(const struct csb_path *paths, size_t count);

// Which arguments a system call may have; see sandbox.c for the exact rules.
enum csb_rule {
    CSB_ANY = 0,
    CSB_OWN_PROCESS,   // first argument is this process's id
    CSB_THREADS_ONLY,  // clone: threads, no processes, no namespaces
    CSB_THREAD_NAME,   // prctl: PR_SET_NAME, PR_GET_NAME
    CSB_READ_LIMITS,   // prlimit64: reads its own
    CSB_DESCRIPTOR,    // fcntl: flags, duplicates, locks, seals; no signals to owners
    CSB_EMPTY_PATH,    // newfstatat, statx: with AT_EMPTY_PATH (what fstat is made of)
    CSB_NOT_FOUND,     // answered with ENOSYS, so that the C library takes its older, checkable call
};

struct csb_call {
    const char *name;
    enum csb_rule rule;
};

// Allows these system calls to all threads; every other one answers EPERM. A name that this machine does not know is
// skipped. Cannot be undone.
int csb_seccomp(const struct csb_call *calls, size_t count);

// Writes "request <id>: signal <n>" to stderr when the calling thread dies of a fault while `id` is set (not 0),
// then lets the signal take its course.
int csb_install_crash_note(void);
void csb_set_current_request(uint64_t id);
// An alternate stack for the calling thread, so that a stack overflow is told as well.
int csb_use_alternate_stack(void);

// Sends bytes and at most CSB_MAX_DESCRIPTORS descriptors. Returns the bytes sent or -errno.
#define CSB_MAX_DESCRIPTORS 16
ssize_t csb_send(int socket, const void *head, size_t head_bytes, const void *body, size_t body_bytes,
                 const int *descriptors, size_t count, int flags);
// Receives at most `size` bytes; descriptors that come along are close-on-exec. Returns the bytes, 0 at the end, or
// -errno; -EBADMSG when more descriptors came than `capacity` (all are closed).
ssize_t csb_receive(int socket, void *bytes, size_t size, int *descriptors, size_t capacity, size_t *count);

// A descriptor that becomes readable when the process ends; -errno on failure.
int csb_pidfd_open(pid_t pid);
int csb_pidfd_kill(int pidfd, int signal);
// The process at the other end of a socketpair; -errno on failure.
pid_t csb_peer(int socket);
void csb_name_thread(const char *name);

// A close-on-exec pipe whose reading end does not block.
int csb_pipe(int ends[2]);
// An eventfd that does not block; -errno on failure.
int csb_eventfd(void);

// Starts a program with stdin empty, stdout and stderr at `output`, `socket` at descriptor 3, no other descriptor, no
// blocked or ignored signal, and a process group of its own. `arguments` and `environment` end with NULL.
int csb_spawn(const char *path, char *const arguments[], char *const environment[], int socket, int output, pid_t *pid);
