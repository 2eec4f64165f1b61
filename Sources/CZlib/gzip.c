// One call of zlib: a whole text to gzip (RFC 1952).
#include "CZlib.h"

#include <zlib.h>

size_t weir_gzip_bound(size_t count) {
    // compressBound is for the zlib wrapping of 6 bytes; gzip's has 18.
    return compressBound(count) + 18;
}

size_t weir_gzip(const void *source, size_t count, void *target) {
    if (count > (1u << 30)) return 0;
    z_stream stream = {0};
    // 15 bits of window, plus 16 for gzip's wrapping, which carries no time here: equal texts give equal bytes.
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (Bytef *)source;
    stream.avail_in = (uInt)count;
    stream.next_out = target;
    stream.avail_out = (uInt)weir_gzip_bound(count);
    int result = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? written : 0;
}
