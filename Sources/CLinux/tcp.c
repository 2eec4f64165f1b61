#define _GNU_SOURCE
#include "tcp.h"

#include <errno.h>
#include <limits.h>
// The kernel's own header: that of the C library ends before `tcpi_bytes_acked`, and the two cannot be read together.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

int64_t weir_tcp_acknowledged(int descriptor) {
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) return -errno;
    // The kernel fills as much as it knows.
    if (length < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) return -ENOPROTOOPT;
    return (int64_t)info.tcpi_bytes_acked;
}

size_t weir_tcp_send(int descriptor, const struct iovec *pieces, size_t count) {
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count < IOV_MAX ? count : IOV_MAX};
    ssize_t taken = sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return taken > 0 ? (size_t)taken : 0;
}
