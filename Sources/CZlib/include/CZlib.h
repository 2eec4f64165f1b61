// One call of zlib: a whole text to gzip (RFC 1952).
#ifndef WEIR_CZLIB_H
#define WEIR_CZLIB_H

#include <stddef.h>

/// The most bytes that `weir_gzip` writes for `count` bytes.
size_t weir_gzip_bound(size_t count);

/// Compresses `count` bytes of `source` into `target`, which has room for `weir_gzip_bound(count)`.
/// Returns the number of bytes written; 0 when zlib has no memory or `count` is above 1 GiB.
size_t weir_gzip(const void *source, size_t count, void *target);

#endif
