#include "CTimerFD.h"

#include <sys/timerfd.h>

int ctf_make(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC); }

void ctf_set(int timer, uint64_t nanoseconds) {
    struct itimerspec time = {
        .it_value = {.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)}};
    timerfd_settime(timer, 0, &time, NULL);
}
