// What the kernel knows of a TCP connection, and giving it bytes.
#ifndef WEIR_CLINUX_TCP_H
#define WEIR_CLINUX_TCP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/// Bytes that the other side of a TCP connection has acknowledged since its begin (`tcpi_bytes_acked` of TCP_INFO, tcp(7); Linux 4.1).
/// Or the negative errno: -ENOPROTOOPT on older kernels, others for what is no TCP socket.
int64_t weir_tcp_acknowledged(int descriptor);

/// Gives bytes to a TCP socket in one call, without waiting: how many it took. None where it fails: whoever writes next learns why.
/// Of more than 1024 pieces the first ones (IOV_MAX).
size_t weir_tcp_send(int descriptor, const struct iovec *pieces, size_t count);

#endif
