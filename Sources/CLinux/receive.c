// epoll, eventfd and recvmmsg for the threads that receive datagrams.
#define _GNU_SOURCE
#include "receive.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

int weir_epoll_create(void) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    return epoll < 0 ? -errno : epoll;
}

int weir_epoll_add(int epoll, int descriptor, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

int weir_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL) < 0 ? -errno : 0;
}

int weir_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout) {
    struct epoll_event events[256];
    if (capacity > 256) capacity = 256;
    int count = epoll_wait(epoll, events, capacity, timeout);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
    return count;
}

int weir_wake_create(void) {
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wake < 0 ? -errno : wake;
}

int weir_wake_signal(int wake) {
    uint64_t one = 1;
    // EAGAIN: the counter is full, so the thread will wake anyway.
    return write(wake, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
}

int weir_wake_clear(int wake) {
    uint64_t count;
    return read(wake, &count, sizeof count) < 0 && errno != EAGAIN ? -errno : 0;
}

int weir_wake_wait(int wake, int timeout) {
    struct pollfd descriptor = {.fd = wake, .events = POLLIN};
    int count = poll(&descriptor, 1, timeout);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    return count;
}

void weir_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

struct weir_datagrams {
    unsigned count;
    uint8_t *bytes;
    size_t size;
    struct mmsghdr *headers;
    struct iovec *vectors;
};

weir_datagrams *weir_datagrams_create(unsigned count, size_t size) {
    weir_datagrams *datagrams = calloc(1, sizeof *datagrams);
    if (!datagrams) return NULL;
    datagrams->count = count;
    datagrams->size = size;
    // Pages that no datagram reaches are never touched, so a large `size` costs address space only.
    datagrams->bytes = malloc(count * size);
    datagrams->headers = calloc(count, sizeof *datagrams->headers);
    datagrams->vectors = calloc(count, sizeof *datagrams->vectors);
    if (!datagrams->bytes || !datagrams->headers || !datagrams->vectors) {
        weir_datagrams_destroy(datagrams);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++) {
        datagrams->vectors[i].iov_base = datagrams->bytes + i * size;
        datagrams->vectors[i].iov_len = size;
        datagrams->headers[i].msg_hdr.msg_iov = &datagrams->vectors[i];
        datagrams->headers[i].msg_hdr.msg_iovlen = 1;
    }
    return datagrams;
}

void weir_datagrams_destroy(weir_datagrams *datagrams) {
    if (!datagrams) return;
    free(datagrams->bytes);
    free(datagrams->headers);
    free(datagrams->vectors);
    free(datagrams);
}

int weir_datagrams_receive(weir_datagrams *datagrams, int descriptor) {
    for (;;) {
        int count = recvmmsg(descriptor, datagrams->headers, datagrams->count, MSG_DONTWAIT, NULL);
        if (count < 0) {
            if (errno == EINTR) continue;
            // ECONNREFUSED and the like are ICMP answers to somebody; a receiving socket goes on.
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNREFUSED) return 0;
            return -errno;
        }
        return count;
    }
}

const uint8_t *weir_datagrams_bytes(const weir_datagrams *datagrams, unsigned index, size_t *length) {
    *length = datagrams->headers[index].msg_len;
    return datagrams->bytes + index * datagrams->size;
}
