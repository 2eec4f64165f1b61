// N viewers of one address: view-http PORT PATH N SECONDS. Reads and throws away; tells bytes, viewers that ended, and stalls
// (two seconds without a byte).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct viewer {
    int fd;
    uint64_t bytes, last;
};

static uint64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "view-http PORT PATH N SECONDS\n"), 2;
    int n = atoi(argv[3]), epoll = epoll_create1(0), refused = 0, ended = 0, wrong = 0;
    struct rlimit files = {n + 100, n + 100};
    setrlimit(RLIMIT_NOFILE, &files);
    struct viewer *viewers = calloc(n, sizeof *viewers);
    char request[512];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", argv[2], argv[1]);
    struct sockaddr_in at = {AF_INET, htons(atoi(argv[1])), {htonl(INADDR_LOOPBACK)}, {0}};
    uint64_t stalls = 0, end = now_ms() + atoi(argv[4]) * 1000ull;
    int open = 0;
    static char bytes[1 << 18];
    uint64_t checked = now_ms();
    for (uint64_t now; (now = now_ms()) < end;) {
        // A few at a time: a thousand connections at one instant measure the listen queue.
        for (int k = 0; k < 10 && open < n; k++, open++) {
            struct viewer *v = &viewers[open];
            v->fd = socket(AF_INET, SOCK_STREAM, 0);
            v->last = now;
            if (v->fd < 0 || connect(v->fd, (struct sockaddr *)&at, sizeof at) < 0
                || send(v->fd, request, length, MSG_NOSIGNAL) != length) {
                refused++;
                continue;
            }
            struct epoll_event event = {EPOLLIN, {.ptr = v}};
            epoll_ctl(epoll, EPOLL_CTL_ADD, v->fd, &event);
        }
        struct epoll_event ready[256];
        int count = epoll_wait(epoll, ready, 256, 10);
        for (int i = 0; i < count; i++) {
            struct viewer *v = ready[i].data.ptr;
            // The first bytes are looked at; the others are thrown away by the kernel.
            int isFirst = v->bytes == 0;
            ssize_t got = recv(v->fd, bytes, isFirst ? 64 : sizeof bytes, MSG_DONTWAIT | (isFirst ? 0 : MSG_TRUNC));
            if (got > 0) {
                if (isFirst && !memmem(bytes, got, " 200 ", 5)) wrong++;
                v->bytes += got;
                v->last = now;
            } else if (got == 0 || errno != EAGAIN) {
                ended++;
                epoll_ctl(epoll, EPOLL_CTL_DEL, v->fd, 0);
                close(v->fd);
                v->fd = -1;
            }
        }
        if (now - checked >= 2000) {
            checked = now;
            for (int i = 0; i < open; i++) stalls += viewers[i].fd >= 0 && now - viewers[i].last > 2000;
        }
        // Readers in bulk, so that their own cost stays small beside the server's.
        nanosleep(&(struct timespec){0, 5000000}, 0);
    }
    uint64_t total = 0, least = UINT64_MAX;
    for (int i = 0; i < n; i++) {
        total += viewers[i].bytes;
        if (viewers[i].bytes < least) least = viewers[i].bytes;
    }
    printf("bytes %llu least %llu refused %d wrong %d ended %d stalls %llu\n", (unsigned long long)total,
           (unsigned long long)least, refused, wrong, ended, (unsigned long long)stalls);
}
