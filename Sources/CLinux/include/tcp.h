// What the kernel knows of a TCP connection.
#ifndef WEIR_CLINUX_TCP_H
#define WEIR_CLINUX_TCP_H

#include <stdint.h>

/// Bytes that the other side of a TCP connection has acknowledged since its begin (`tcpi_bytes_acked` of TCP_INFO, tcp(7); Linux 4.1).
/// Or the negative errno: -ENOPROTOOPT on older kernels, others for what is no TCP socket.
int64_t weir_tcp_acknowledged(int descriptor);

#endif
