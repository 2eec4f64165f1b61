// Opening UDP sockets for receiving: unicast, multicast, source-specific multicast.
#define _GNU_SOURCE
#include "receive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int join_ipv4(int descriptor, struct in_addr group, const char *source, const char *interface, const char **step) {
    int off = 0;
    // Otherwise a socket also gets what other sockets of this machine have joined, from any source.
    setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
    struct ip_mreqn membership = {.imr_multiaddr = group};
    if (interface && inet_pton(AF_INET, interface, &membership.imr_address) != 1) {
        membership.imr_ifindex = (int)if_nametoindex(interface);
        *step = "find interface";
        if (membership.imr_ifindex == 0) return -ENODEV;
    }
    *step = "join";
    if (!source) {
        return setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) < 0 ? -errno : 0;
    }
    if (membership.imr_ifindex != 0) {
        // ip_mreq_source knows interfaces by address only; RFC 3678 §5 has the form with an index.
        struct group_source_req request = {.gsr_interface = (uint32_t)membership.imr_ifindex};
        struct sockaddr_in *member = (struct sockaddr_in *)&request.gsr_group;
        member->sin_family = AF_INET;
        member->sin_addr = group;
        struct sockaddr_in *sender = (struct sockaddr_in *)&request.gsr_source;
        sender->sin_family = AF_INET;
        if (inet_pton(AF_INET, source, &sender->sin_addr) != 1) return -EINVAL;
        return setsockopt(descriptor, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &request, sizeof request) < 0 ? -errno : 0;
    }
    struct ip_mreq_source request = {.imr_multiaddr = group, .imr_interface = membership.imr_address};
    if (inet_pton(AF_INET, source, &request.imr_sourceaddr) != 1) return -EINVAL;
    return setsockopt(descriptor, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &request, sizeof request) < 0 ? -errno : 0;
}

static int join_ipv6(int descriptor, const struct sockaddr_in6 *group, const char *interface, const char **step) {
    struct ipv6_mreq membership = {.ipv6mr_multiaddr = group->sin6_addr, .ipv6mr_interface = group->sin6_scope_id};
    if (interface) {
        membership.ipv6mr_interface = if_nametoindex(interface);
        *step = "find interface";
        if (membership.ipv6mr_interface == 0) return -ENODEV;
    }
    *step = "join";
    return setsockopt(descriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof membership) < 0 ? -errno : 0;
}

static int prepare(int descriptor, const struct addrinfo *address, const char *source, const char *interface,
                   int receive_buffer, const char **step) {
    int on = 1;
    struct sockaddr_in *v4 = address->ai_family == AF_INET ? (struct sockaddr_in *)address->ai_addr : NULL;
    struct sockaddr_in6 *v6 = address->ai_family == AF_INET6 ? (struct sockaddr_in6 *)address->ai_addr : NULL;
    int is_multicast = v4 ? IN_MULTICAST(ntohl(v4->sin_addr.s_addr)) : IN6_IS_ADDR_MULTICAST(&v6->sin6_addr);

    // FORCE goes beyond net.core.rmem_max where we are allowed to; else the kernel caps at it.
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) < 0) {
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    *step = "share port";
    // Only groups are shared: with unicast the last socket would silently take the datagrams from the first.
    if (is_multicast && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return -errno;
    if (v6 && is_multicast && interface) v6->sin6_scope_id = if_nametoindex(interface);
    *step = "bind";
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) < 0) return -errno;
    if (!is_multicast) return 0;
    return v4 ? join_ipv4(descriptor, v4->sin_addr, source, interface, step) : join_ipv6(descriptor, v6, interface, step);
}

int weir_udp_open(const char *address, uint16_t port, const char *source, const char *interface, int receive_buffer,
                  const char **step) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    *step = "read address";
    if (getaddrinfo(address, service, &hints, &found) != 0) return -EINVAL;
    *step = "open socket";
    int descriptor = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = descriptor < 0 ? -errno : prepare(descriptor, found, source, interface, receive_buffer, step);
    freeaddrinfo(found);
    if (result < 0) {
        if (descriptor >= 0) close(descriptor);
        return result;
    }
    return descriptor;
}

int weir_udp_port(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) < 0) return -errno;
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

int64_t weir_udp_drops(int descriptor) {
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof memory;
    if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, memory, &length) < 0) return -errno;
    return memory[SK_MEMINFO_DROPS];
}

int weir_udp_receive_buffer(int descriptor) {
    int size = 0;
    socklen_t length = sizeof size;
    if (getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, &length) < 0) return -errno;
    return size;
}
