// N viewers of live HLS: view-hls PORT N SECONDS PLAYLIST [PLAYLIST...]. Each has a connection of its own and asks every two
// seconds for each media playlist and then for its newest segment, as a player does that has a picture and a sound playlist.
// Tells how many segments came, how long one took from its request to its last byte, and what was wrong.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { playlists_max = 4, text_max = 16384, times_max = 1 << 20, period_us = 2000000 };

struct viewer {
    int fd, step, waits; // step: 2 × playlist, + 1 while its segment comes
    uint64_t due, asked;
    long body; // bytes of the answer's body that are missing; -1 before its head is whole
    int held;
    char text[text_max], seen[playlists_max][256];
};

static const char *playlists[playlists_max], *port;
static int playlist_count, wrong, stale;
static float *times;
static uint64_t segment_count, byte_count, playlist_answers;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static void ask(struct viewer *v, const char *path) {
    char request[1024];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", path, port);
    v->asked = now_us();
    v->body = -1;
    v->held = 0;
    v->waits = 1;
    if (send(v->fd, request, length, MSG_NOSIGNAL) != length) wrong++;
}

// The viewer's next request: the playlist of this step, or nothing more until its next turn.
static void next_playlist(struct viewer *v) {
    if (v->step / 2 < playlist_count) return ask(v, playlists[v->step / 2]);
    v->step = 0;
    v->waits = 0;
    v->due += period_us;
}

// The answer is whole.
static void answered(struct viewer *v) {
    const char *playlist = playlists[v->step / 2];
    if (v->step % 2) {
        if (segment_count < times_max) times[segment_count] = (now_us() - v->asked) / 1000.0f;
        segment_count++;
        v->step++;
        return next_playlist(v);
    }
    playlist_answers++;
    v->text[v->held] = 0;
    char *newest = 0, *seen = v->seen[v->step / 2];
    for (char *line = strtok(v->text, "\r\n"); line; line = strtok(0, "\r\n"))
        if (*line != '#') newest = line;
    if (!newest || !strcmp(newest, seen)) {
        stale++;
        v->step += 2;
        return next_playlist(v);
    }
    snprintf(seen, 256, "%s", newest);
    char path[1024];
    int folder = *newest == '/' ? 0 : (int)(strrchr(playlist, '/') - playlist) + 1;
    snprintf(path, sizeof path, "%.*s%s", folder, playlist, newest);
    v->step++;
    ask(v, path);
}

// Bytes of an answer's head, or of a playlist: they are looked at.
static void received(struct viewer *v, const char *bytes, int count) {
    if (v->body >= 0) {
        v->body -= count;
        if (v->step % 2 == 0 && v->held + count < text_max) memcpy(v->text + v->held, bytes, count), v->held += count;
        return;
    }
    if (v->held + count >= text_max) count = text_max - 1 - v->held;
    memcpy(v->text + v->held, bytes, count);
    v->held += count;
    v->text[v->held] = 0;
    char *end = memmem(v->text, v->held, "\r\n\r\n", 4), *field = strcasestr(v->text, "content-length:");
    if (!end) return;
    if (!field || field > end || !memmem(v->text, v->held, " 200 ", 5)) wrong++;
    int head = end + 4 - v->text;
    long length = field && field < end ? atol(field + 15) : 0;
    memmove(v->text, v->text + head, v->held - head);
    v->held -= head;
    v->body = length - v->held;
}

static int by_size(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc < 5 || argc > 4 + playlists_max) return fprintf(stderr, "view-hls PORT N SECONDS PLAYLIST...\n"), 2;
    port = argv[1];
    int n = atoi(argv[2]), epoll = epoll_create1(0);
    for (int i = 4; i < argc; i++) playlists[playlist_count++] = argv[i];
    struct rlimit files = {n + 100, n + 100};
    setrlimit(RLIMIT_NOFILE, &files);
    struct viewer *viewers = calloc(n, sizeof *viewers);
    times = calloc(times_max, sizeof *times);
    struct sockaddr_in at = {AF_INET, htons(atoi(port)), {htonl(INADDR_LOOPBACK)}, {0}};
    uint64_t begin = now_us(), end = begin + atoi(argv[3]) * 1000000ull;
    for (int i = 0; i < n; i++) {
        struct viewer *v = &viewers[i];
        v->fd = socket(AF_INET, SOCK_STREAM, 0);
        // Spread over the period, as people come.
        v->due = begin + (uint64_t)i * period_us / n;
        if (v->fd < 0 || connect(v->fd, (struct sockaddr *)&at, sizeof at) < 0) return perror("connect"), 1;
        struct epoll_event event = {EPOLLIN, {.ptr = v}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, v->fd, &event);
    }
    static char bytes[1 << 18];
    for (uint64_t now; (now = now_us()) < end;) {
        for (int i = 0; i < n; i++)
            if (!viewers[i].waits && viewers[i].due <= now) next_playlist(&viewers[i]);
        struct epoll_event ready[256];
        int count = epoll_wait(epoll, ready, 256, 1);
        for (int i = 0; i < count; i++) {
            struct viewer *v = ready[i].data.ptr;
            // A segment's bytes are thrown away by the kernel.
            int isMedia = v->step % 2 && v->body > 0;
            ssize_t got = recv(v->fd, bytes, isMedia ? sizeof bytes : text_max / 2, MSG_DONTWAIT | (isMedia ? MSG_TRUNC : 0));
            if (got > 0) {
                byte_count += got;
                received(v, bytes, got);
                if (v->waits && v->body == 0) answered(v);
            } else if (got == 0 || errno != EAGAIN) {
                wrong++;
                epoll_ctl(epoll, EPOLL_CTL_DEL, v->fd, 0);
            }
        }
    }
    uint64_t kept = segment_count < times_max ? segment_count : times_max;
    qsort(times, kept, sizeof *times, by_size);
    printf("segments %llu playlists %llu unchanged %d bytes %llu p50 %.1f p99 %.1f max %.1f wrong %d\n",
           (unsigned long long)segment_count, (unsigned long long)playlist_answers, stale, (unsigned long long)byte_count,
           kept ? times[kept / 2] : 0, kept ? times[kept * 99 / 100] : 0, kept ? times[kept - 1] : 0, wrong);
}
