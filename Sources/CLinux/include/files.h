// Calls on files that are Linux's own.
#ifndef WEIR_FILES_H
#define WEIR_FILES_H

#include <stddef.h>
#include <stdint.h>

/// Gives the blocks of a part of a file back; the file keeps its size. 0, or -1 with errno (fallocate(2)).
int weir_punch_hole(int descriptor, int64_t offset, int64_t length);

/// Gives an open file the owner, where permitted, and the mode of the file at `path`, if there is one. 0, or -1 with errno.
int weir_copy_mode(const char *path, int descriptor);

/// The bytes of the file at `path`, or -1 with errno.
int64_t weir_file_size(const char *path);

/// A new file that exists in memory only (memfd_create(2)) and holds `length` bytes: its descriptor, or the negative errno.
/// What is sent from it with sendfile(2) is not copied for each receiver.
int weir_memory_file(const void *bytes, size_t length);

/// How many descriptors this process may have open now (the soft RLIMIT_NOFILE), or the negative errno.
int64_t weir_descriptor_limit(void);

/// Raises it to what the system permits (the hard one): what it is then, or the negative errno.
int64_t weir_raise_descriptor_limit(void);

#endif
