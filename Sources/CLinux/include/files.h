// Calls on files that are Linux's own.
#ifndef WEIR_FILES_H
#define WEIR_FILES_H

#include <stdint.h>

/// Gives the blocks of a part of a file back; the file keeps its size. 0, or -1 with errno (fallocate(2)).
int weir_punch_hole(int descriptor, int64_t offset, int64_t length);

#endif
