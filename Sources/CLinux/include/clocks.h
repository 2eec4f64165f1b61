// Clocks as plain nanoseconds.
#ifndef WEIR_CLOCKS_H
#define WEIR_CLOCKS_H

#include <stdint.h>

/// UTC in nanoseconds since the Unix epoch.
int64_t weir_utc_nanoseconds(void);

/// CPU time of this process, all threads, in nanoseconds.
int64_t weir_process_cpu_nanoseconds(void);

#endif
