// The least that a receiver of N UDP streams can do: epoll and recvmmsg, count, throw away. read-datagrams FIRST_PORT N
// SECONDS REST. Rests REST milliseconds between rounds, so that datagrams share wake-ups, as the server does; 0: never.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, LARGEST = 65536 };

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "read-datagrams FIRST_PORT N SECONDS REST\n"), 2;
    int first = atoi(argv[1]), n = atoi(argv[2]), epoll = epoll_create1(0);
    for (int i = 0; i < n; i++) {
        int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 4 << 20;
        setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        struct sockaddr_in at = {AF_INET, htons(first + i), {htonl(INADDR_LOOPBACK)}, {0}};
        if (bind(s, (struct sockaddr *)&at, sizeof at) < 0) return perror("bind"), 1;
        struct epoll_event event = {EPOLLIN, {.fd = s}};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event) < 0) return perror("epoll_ctl"), 1;
    }
    static uint8_t *bytes;
    bytes = malloc((size_t)BATCH * LARGEST);
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){bytes + (size_t)i * LARGEST, LARGEST};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    uint64_t total = 0, datagrams = 0;
    long rest = atol(argv[4]) * 1000000;
    struct epoll_event ready[256];
    for (time_t end = time(0) + atoi(argv[3]); time(0) < end;) {
        int count = epoll_wait(epoll, ready, 256, 100);
        for (int i = 0; i < count; i++) {
            int got = recvmmsg(ready[i].data.fd, messages, BATCH, MSG_DONTWAIT, 0);
            for (int k = 0; k < got; k++) total += messages[k].msg_len;
            if (got > 0) datagrams += got;
        }
        if (rest > 0) nanosleep(&(struct timespec){0, rest}, 0);
    }
    printf("bytes %llu datagrams %llu\n", (unsigned long long)total, (unsigned long long)datagrams);
}
