// A timer that a thread sleeps on by reading it. Swift's Glibc module leaves <sys/timerfd.h> out, and a module that
// includes it would claim glibc's struct timespec for itself.
#pragma once
#include <stdint.h>

// A descriptor, or -1.
int ctf_make(void);

// Rings once, after so many nanoseconds; 0: never.
void ctf_set(int timer, uint64_t nanoseconds);
