#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <unistd.h>

int csb_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

int csb_eventfd(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int csb_spawn(const char *path, char *const arguments[], char *const environment[], int socket, int output,
              pid_t *pid) {
    // Above the numbers that the child's ends get, so that no step overwrites the source of a later one.
    int high_socket = fcntl(socket, F_DUPFD_CLOEXEC, 10);
    int high_output = fcntl(output, F_DUPFD_CLOEXEC, 10);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int failure = high_socket < 0 || high_output < 0 ? errno : 0;
    if (!failure) failure = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, high_output, 1);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, high_output, 2);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, high_socket, 3);
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    if (!failure) failure = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (high_socket >= 0) close(high_socket);
    if (high_output >= 0) close(high_output);
    return failure;
}
