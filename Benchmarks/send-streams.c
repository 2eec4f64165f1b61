// Sends one transport stream file, looped, to N UDP ports in real time: send-streams FILE SECONDS_OF_FILE FIRST_PORT N
// RUN_SECONDS. Each stream begins elsewhere in the file; clocks, timestamps and continuity counters go on over the loop.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { PACKET = 188, DATAGRAM = 7 * PACKET, BATCH = 64 };

static uint8_t *file;
static size_t file_size, datagrams;
static uint8_t count_of_pid[8192]; // packets with payload in one loop, modulo 16

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void move_timestamp(uint8_t *p, uint64_t by) {
    uint64_t t = (uint64_t)(p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 | p[3] << 7 | p[4] >> 1;
    t = (t + by) & 0x1ffffffffull;
    p[0] = (p[0] & 0xf1) | (t >> 30 & 7) << 1;
    p[1] = t >> 22;
    p[2] = (t >> 14 & 0xfe) | 1;
    p[3] = t >> 7;
    p[4] = (t << 1 & 0xfe) | 1;
}

/// `by` in 90 kHz ticks, `loop` loops after the first.
static void move_packet(uint8_t *p, uint64_t by, unsigned loop) {
    int pid = (p[1] & 0x1f) << 8 | p[2], start = 4;
    p[3] = (p[3] & 0xf0) | ((p[3] + loop * count_of_pid[pid]) & 15);
    if (p[3] & 0x20) {
        if (p[4] >= 7 && p[5] & 0x10) {
            uint64_t base = (uint64_t)p[6] << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7;
            base = (base + by) & 0x1ffffffffull;
            p[6] = base >> 25, p[7] = base >> 17, p[8] = base >> 9, p[9] = base >> 1;
            p[10] = (p[10] & 0x7f) | (base & 1) << 7;
        }
        start = 5 + p[4];
    }
    if (!(p[1] & 0x40) || !(p[3] & 0x10) || start + 19 > PACKET) return;
    uint8_t *pes = p + start;
    if (pes[0] || pes[1] || pes[2] != 1 || pes[3] < 0xc0 || pes[3] > 0xef) return;
    if (pes[7] & 0x80) move_timestamp(pes + 9, by);
    if ((pes[7] & 0xc0) == 0xc0) move_timestamp(pes + 14, by);
}

int main(int argc, char **argv) {
    if (argc != 6) return fprintf(stderr, "send-streams FILE SECONDS_OF_FILE FIRST_PORT N RUN_SECONDS\n"), 2;
    FILE *in = fopen(argv[1], "rb");
    if (!in) return perror(argv[1]), 1;
    fseek(in, 0, SEEK_END);
    file_size = ftell(in) / PACKET * PACKET;
    rewind(in);
    // Whole datagrams only: the tail is filled with null packets.
    datagrams = (file_size + DATAGRAM - 1) / DATAGRAM;
    file = malloc(datagrams * DATAGRAM);
    if (fread(file, 1, file_size, in) != file_size) return perror(argv[1]), 1;
    for (size_t at = file_size; at < datagrams * DATAGRAM; at += PACKET) {
        memset(file + at, 0xff, PACKET);
        memcpy(file + at, "\x47\x1f\xff\x10", 4);
    }
    for (size_t at = 0; at < file_size; at += PACKET)
        if (file[at + 3] & 0x10) count_of_pid[(file[at + 1] & 0x1f) << 8 | file[at + 2]]++;
    for (int i = 0; i < 8192; i++) count_of_pid[i] &= 15;

    double seconds = atof(argv[2]);
    int first_port = atoi(argv[3]), n = atoi(argv[4]);
    uint64_t ticks = seconds * 90000 + 0.5, interval = seconds * 1e9 / datagrams;
    int sock = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    static uint8_t bytes[BATCH][DATAGRAM];
    static struct sockaddr_in to[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int i = 0; i < BATCH; i++) {
        to[i].sin_family = AF_INET;
        to[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        parts[i] = (struct iovec){bytes[i], DATAGRAM};
        messages[i].msg_hdr = (struct msghdr){&to[i], sizeof to[i], &parts[i], 1, 0, 0, 0};
    }
    uint64_t begin = now_ns(), end = begin + atof(argv[5]) * 1e9, sent = 0, failed = 0, late = 0;
    // Datagram k of the whole schedule: round k / n of stream k % n.
    for (uint64_t k = 0;;) {
        uint64_t now = now_ns();
        if (now >= end) break;
        uint64_t due = (now - begin) * n / interval;
        if (due > k + (uint64_t)n * 20) late++, k = due;
        int batch = 0;
        for (; k < due && batch < BATCH; k++, batch++) {
            int stream = k % n;
            uint64_t position = k / n + (uint64_t)stream * datagrams / n;
            uint64_t loop = position / datagrams;
            memcpy(bytes[batch], file + position % datagrams * DATAGRAM, DATAGRAM);
            for (int p = 0; p < 7; p++) move_packet(bytes[batch] + p * PACKET, loop * ticks, loop);
            to[batch].sin_port = htons(first_port + stream);
        }
        if (batch > 0) {
            for (int done = 0; done < batch;) {
                int r = sendmmsg(sock, messages + done, batch - done, 0);
                if (r > 0) done += r, sent += r;
                else if (errno == ECONNREFUSED || errno == ENOBUFS) done++, failed++;
                else if (errno != EINTR) return perror("sendmmsg"), 1;
            }
        } else {
            // A millisecond of datagrams shares one wake-up.
            nanosleep(&(struct timespec){0, 1000000}, 0);
        }
    }
    printf("sent %llu failed %llu late %llu\n", (unsigned long long)sent, (unsigned long long)failed,
           (unsigned long long)late);
}
