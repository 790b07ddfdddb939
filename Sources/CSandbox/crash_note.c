#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static __thread uint64_t current_request;

void csb_set_current_request(uint64_t id) { current_request = id; }

static char *put_number(char *end, uint64_t number) {
    do *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

// Only calls that signal-safety(7) lists.
static void tell(int signal) {
    // Blocked until this returns, then deadly. A trap would go on behind its instruction otherwise.
    raise(signal);
    if (current_request == 0) return;
    char line[80], *end = line + sizeof line, *p = end;
    *--p = '\n';
    p = put_number(p, (uint64_t)signal);
    p -= 9, memcpy(p, ": signal ", 9);
    p = put_number(p, current_request);
    p -= 9, memcpy(p, "\nrequest ", 9);
    ssize_t written = write(2, p, (size_t)(end - p));
    (void)written;
}

int csb_install_crash_note(void) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESETHAND | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (sigaction(faults[i], &action, NULL) != 0) return errno;
    return 0;
}

int csb_use_alternate_stack(void) {
    size_t size = 64 * 1024;
    // Never freed: it lives as long as the thread, and those live as long as the process.
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno;
    stack_t stack = {.ss_sp = memory, .ss_size = size};
    return sigaltstack(&stack, NULL) == 0 ? 0 : errno;
}
