// Settings of the C library's allocator.
#define _GNU_SOURCE
#include "memory.h"

#include <malloc.h>

void weir_keep_freed_memory(void) {
#ifdef M_TRIM_THRESHOLD
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    // What is larger is rare and goes back at once; setting it also stops the bounds from moving by themselves.
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
}
