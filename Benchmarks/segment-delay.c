// How long after its last frame a segment can be played: segment-delay FILE SECONDS_OF_FILE UDP_PORT HTTP_PORT PATH RUN_SECONDS.
// Sends a transport stream file (video PID 0x100 with random access indicators, audio PID 0x101) as an encoder does, each frame
// when it is due, and asks for the media playlist every two milliseconds. Prints milliseconds from the last packet of a segment's
// last frame, of whichever track, to the playlist that lists the segment: median, 90th percentile, worst.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PACKET = 188, VIDEO = 0x100, AUDIO = 0x101, MOST = 1 << 16 };

// A key frame and when all video before it was sent; an audio packet and when all of it was sent.
static struct moment { uint64_t time; double sent; } keys[MOST], audio[MOST];
static int audio_count;
static atomic_int key_count, is_over;
static struct { int key; double at; } listed[MOST]; // the key frame that ends the newest listed segment
static int listed_count;
static double delays[MOST];
static int delay_count;
static struct sockaddr_in http = {AF_INET, 0, {0}, {0}};
static char request[512];

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/// Number of the newest segment that the playlist lists as counted from the stream's first; -1: none.
static int newest_segment(void) {
    static char answer[1 << 16];
    int s = socket(AF_INET, SOCK_STREAM, 0), length = 0, got;
    if (connect(s, (struct sockaddr *)&http, sizeof http) == 0 && write(s, request, strlen(request)) > 0)
        while ((got = read(s, answer + length, sizeof answer - 1 - length)) > 0) length += got;
    close(s);
    answer[length] = 0;
    char *at = strstr(answer, "#EXT-X-MEDIA-SEQUENCE:");
    if (!at) return -1;
    int newest = atoi(at + 22) - 1;
    for (char *line = strstr(at, "#EXTINF"); line; line = strstr(line + 1, "#EXTINF")) newest++;
    return newest;
}

static void *watch(void *nothing) {
    (void)nothing;
    int seen = -1, first = 0;
    while (!atomic_load(&is_over)) {
        int newest = newest_segment();
        double now = now_ms();
        int sent = atomic_load(&key_count);
        if (newest > seen) {
            // The first one listed is the last one sent: nobody lists what is not complete.
            if (seen < 0) first = newest - (sent - 1);
            if (seen >= 0 && listed_count < MOST) {
                listed[listed_count].key = newest - first;
                listed[listed_count++].at = now;
            }
            seen = newest;
        }
        usleep(2000);
    }
    return 0;
}

static int ascending(const void *a, const void *b) { return *(double *)a < *(double *)b ? -1 : *(double *)a > *(double *)b; }

static uint64_t timestamp(const uint8_t *p) {
    return (uint64_t)(p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 | p[3] << 7 | p[4] >> 1;
}

static void move(uint8_t *p, uint64_t by) {
    uint64_t t = timestamp(p) + by;
    p[0] = (p[0] & 0xf1) | (t >> 30 & 7) << 1;
    p[1] = t >> 22, p[2] = (t >> 14 & 0xfe) | 1, p[3] = t >> 7, p[4] = (t << 1 & 0xfe) | 1;
}

int main(int argc, char **argv) {
    if (argc != 7) return fprintf(stderr, "segment-delay FILE SECONDS UDP_PORT HTTP_PORT PATH RUN_SECONDS\n"), 2;
    FILE *in = fopen(argv[1], "rb");
    if (!in) return perror(argv[1]), 1;
    fseek(in, 0, SEEK_END);
    size_t size = ftell(in) / PACKET * PACKET;
    rewind(in);
    uint8_t *file = malloc(size);
    if (fread(file, 1, size, in) != size) return perror(argv[1]), 1;
    http.sin_port = htons(atoi(argv[4]));
    http.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n", argv[5], argv[4]);
    struct sockaddr_in to = {AF_INET, htons(atoi(argv[3])), {htonl(INADDR_LOOPBACK)}, {0}};
    int sock = socket(AF_INET, SOCK_DGRAM, 0);
    pthread_t watcher;
    pthread_create(&watcher, 0, watch, 0);
    uint64_t ticks = atof(argv[2]) * 90000 + 0.5, first = 0;
    double begin = now_ms(), end = begin + atof(argv[6]) * 1000;
    uint8_t datagram[7 * PACKET];
    int filled = 0, count[8192] = {0};
    for (uint64_t loop = 0; now_ms() < end; loop++) {
        for (size_t at = 0; at < size && now_ms() < end; at += PACKET) {
            uint8_t p[PACKET];
            memcpy(p, file + at, PACKET);
            int pid = (p[1] & 0x1f) << 8 | p[2], start = p[3] & 0x20 ? 5 + p[4] : 4;
            if (p[3] & 0x10) p[3] = (p[3] & 0xf0) | (count[pid]++ & 15);
            if (p[3] & 0x20 && p[4] >= 7 && p[5] & 0x10) {
                uint64_t base = (uint64_t)p[6] << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7;
                base = (base + loop * ticks) & 0x1ffffffffull;
                p[6] = base >> 25, p[7] = base >> 17, p[8] = base >> 9, p[9] = base >> 1;
                p[10] = (p[10] & 0x7f) | (base & 1) << 7;
            }
            int is_frame = p[1] & 0x40 && p[3] & 0x10 && start + 19 <= PACKET && p[start] == 0 && p[start + 1] == 0
                && p[start + 2] == 1 && p[start + 3] >= 0xc0 && p[start + 3] <= 0xef;
            if (is_frame) {
                uint8_t *pes = p + start;
                if (pes[7] & 0x80) move(pes + 9, loop * ticks);
                if ((pes[7] & 0xc0) == 0xc0) move(pes + 14, loop * ticks);
            }
            if (is_frame && pid == VIDEO) {
                // What was sent so far is whole; the next frame waits until it is due.
                if (filled) sendto(sock, datagram, filled, 0, (struct sockaddr *)&to, sizeof to), filled = 0;
                uint64_t time = timestamp(p + start + ((p[start + 7] & 0xc0) == 0xc0 ? 14 : 9));
                int count = atomic_load(&key_count);
                if (p[3] & 0x20 && p[4] > 0 && p[5] & 0x40 && count < MOST) {
                    keys[count] = (struct moment){time, now_ms()};
                    atomic_store(&key_count, count + 1);
                }
                if (!first) first = time;
                double due = begin + ((time - first) & 0x1ffffffffull) / 90.0, wait = due - now_ms();
                if (wait > 0) usleep(wait * 1000);
            }
            if (is_frame && pid == AUDIO && audio_count < MOST) audio[audio_count++].time = timestamp(p + start + 9);
            if (pid == AUDIO && audio_count) audio[audio_count - 1].sent = now_ms();
            memcpy(datagram + filled, p, PACKET);
            filled += PACKET;
            if (filled == sizeof datagram) sendto(sock, datagram, filled, 0, (struct sockaddr *)&to, sizeof to), filled = 0;
        }
    }
    atomic_store(&is_over, 1);
    pthread_join(watcher, 0);
    for (int i = 0; i < listed_count; i++) {
        if (listed[i].key >= key_count) continue;
        struct moment end = keys[listed[i].key];
        for (int k = 0; k < audio_count && audio[k].time < end.time; k++)
            if (audio[k].sent > end.sent) end.sent = audio[k].sent;
        delays[delay_count++] = listed[i].at - end.sent;
    }
    qsort(delays, delay_count, sizeof *delays, ascending);
    if (!delay_count) return fprintf(stderr, "no segment was seen\n"), 1;
    printf("segments %d median %.0f p90 %.0f worst %.0f\n", delay_count, delays[delay_count / 2],
           delays[delay_count * 9 / 10], delays[delay_count - 1]);
}
