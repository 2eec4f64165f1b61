// Reads clocks; a function each, because the C struct of a time is declared differently in two Swift modules.
#include "clocks.h"

#include <time.h>

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t weir_utc_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }

int64_t weir_process_cpu_nanoseconds(void) { return nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }
