/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traffic for a soak: recordings looped as many streams into one edge, a router that loses and
 * reorders between the two, and a listener behind the other that compares each frame with what was
 * sent.
 *
 *   traffic FRAMES SOURCE ROUTER_IN ROUTER_OUT SINK SECONDS RATE COPIES LOSS HELD SEED
 *
 * FRAMES is written by soak.py: for each frame its recording, the offset of its UDP header, its
 * bytes. Interfaces by name; RATE in packets a second; of the packets LOSS in a thousand are lost
 * and HELD in a thousand come up to 8 packets late. One line of JSON a second, and one at the end.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

enum {
    COPIES_MAX = 16,
    SEQUENCES = 65536,
    BURST = 32,
    HELD_MAX = 8,
    PORT_STEP = 20, /* between copies of a stream */
    BUFFER_BYTES = 64 << 20,
    LATENCY_STEP_US = 10,
    LATENCY_STEPS = 20000,
    DRAIN_MS = 1500,
};

/* What was sent under a sequence number, to be compared and timed. */
struct sent {
    uint32_t index;
    uint64_t at_ns; /* 0: nothing, or it has come already */
};

struct stream {
    const struct soak_recording *recording;
    unsigned int copy, next;
    uint16_t sequence;
    struct sent sent[SEQUENCES];
};

static struct soak_recording recordings[SOAK_RECORDINGS];
static unsigned int recording_count, stream_count;
static struct stream *streams;
static uint64_t sent_count, router_count, lost_count, forwarded_count, received_count,
    garbled_count, strange_count, unsent_count;
static unsigned int latencies[LATENCY_STEPS];
static uint64_t latency_count;
static struct soak_frame held[HELD_MAX];
static unsigned int held_for[HELD_MAX];
static uint64_t random_state;

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* xorshift64*: what is lost is the same for the same seed. */
static unsigned int draw(unsigned int below)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned int)((random_state * UINT64_C(0x2545f4914f6cdd1d) >> 33) % below);
}

static struct stream *find_stream(const uint8_t *data, size_t bytes, unsigned int *l4)
{
    uint16_t port;

    *l4 = soak_find_udp(data, bytes);
    if (*l4 == 0 || *l4 + 20 > bytes)
        return NULL;
    port = (uint16_t)(data[*l4 + 2] << 8 | data[*l4 + 3]);
    for (unsigned int s = 0; s < stream_count; s++) {
        if (streams[s].recording->port + PORT_STEP * streams[s].copy == port)
            return &streams[s];
    }
    return NULL;
}

/* ---- sockets -------------------------------------------------------------------------------- */

static int open_socket(const char *interface, bool receives)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_ifindex = (int)if_nametoindex(interface)};
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), one = 1, buffer = BUFFER_BYTES;

    address.sll_protocol = receives ? htons(ETH_P_ALL) : 0;
    if (fd < 0 || address.sll_ifindex == 0)
        fail(interface);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail(interface);
    return fd;
}

/* What the kernel could not give this program for want of room. */
static unsigned int missed(int fd)
{
    struct tpacket_stats stats = {0};
    socklen_t bytes = sizeof(stats);

    getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &bytes);
    return stats.tp_drops;
}

static bool send_frame(int fd, const struct soak_frame *frame)
{
    for (unsigned int tries = 0; tries < 1000; tries++) {
        if (send(fd, frame->data, frame->bytes, 0) == frame->bytes)
            return true;
        usleep(50);
    }
    unsent_count++;
    return false;
}

/* ---- the three ------------------------------------------------------------------------------ */

static void publish(int fd, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        struct stream *stream = &streams[sent_count % stream_count];
        struct soak_frame frame;

        soak_make(stream->recording, stream->next, PORT_STEP * stream->copy, stream->sequence,
                  &frame);
        stream->sent[stream->sequence] = (struct sent){stream->next, now_ns()};
        if (send_frame(fd, &frame))
            sent_count++;
        stream->next = (stream->next + 1) % stream->recording->count;
        stream->sequence++;
    }
}

static void forward(int fd, const struct soak_frame *frame)
{
    if (send_frame(fd, frame))
        forwarded_count++;
    for (unsigned int h = 0; h < HELD_MAX; h++) {
        if (held_for[h] > 0 && --held_for[h] == 0 && send_frame(fd, &held[h]))
            forwarded_count++;
    }
}

static bool hold(const struct soak_frame *frame)
{
    for (unsigned int h = 0; h < HELD_MAX; h++) {
        if (held_for[h] > 0)
            continue;
        held[h] = *frame;
        held_for[h] = 1 + draw(HELD_MAX);
        return true;
    }
    return false;
}

static unsigned int route(int in, int out, unsigned int loss, unsigned int late)
{
    unsigned int count = 0;
    struct soak_frame frame;
    ssize_t bytes;

    while (count < 4 * BURST && (bytes = recv(in, frame.data, sizeof(frame.data), 0)) > 0) {
        unsigned int l4;

        frame.bytes = (uint16_t)bytes;
        if (find_stream(frame.data, frame.bytes, &l4) == NULL)
            continue;
        count++;
        router_count++;
        if (draw(1000) < loss)
            lost_count++;
        else if (draw(1000) >= late || !hold(&frame))
            forward(out, &frame);
    }
    return count;
}

static void note_latency(uint64_t ns)
{
    const uint64_t step = ns / 1000 / LATENCY_STEP_US;

    latencies[step < LATENCY_STEPS ? step : LATENCY_STEPS - 1]++;
    latency_count++;
}

static void compare(struct stream *stream, const struct soak_frame *frame, unsigned int l4)
{
    const uint16_t sequence = (uint16_t)(frame->data[l4 + 10] << 8 | frame->data[l4 + 11]);
    struct sent *sent = &stream->sent[sequence];
    struct soak_frame wanted;

    received_count++;
    if (sent->at_ns == 0) {
        strange_count++; /* twice, or never sent */
        return;
    }
    soak_make(stream->recording, sent->index, PORT_STEP * stream->copy, sequence, &wanted);
    if (frame->bytes != wanted.bytes || memcmp(frame->data, wanted.data, wanted.bytes) != 0)
        garbled_count++;
    note_latency(now_ns() - sent->at_ns);
    sent->at_ns = 0;
}

static unsigned int listen_to(int fd)
{
    unsigned int count = 0;
    struct soak_frame frame;
    ssize_t bytes;

    while (count < 4 * BURST && (bytes = recv(fd, frame.data, sizeof(frame.data), 0)) > 0) {
        struct stream *stream;
        unsigned int l4;

        frame.bytes = (uint16_t)bytes;
        stream = find_stream(frame.data, frame.bytes, &l4);
        if (stream == NULL)
            continue;
        compare(stream, &frame, l4);
        count++;
    }
    return count;
}

/* ---- what is told --------------------------------------------------------------------------- */

static unsigned int latency_us(double share)
{
    uint64_t sum = 0;

    for (unsigned int step = 0; step < LATENCY_STEPS; step++) {
        sum += latencies[step];
        if (sum > 0 && (double)sum >= share * (double)latency_count)
            return (step + 1) * LATENCY_STEP_US;
    }
    return 0;
}

static void tell(const char *what, double seconds, unsigned int missed_count)
{
    printf("{\"what\":\"%s\",\"seconds\":%.3f,\"sent\":%lu,\"router\":%lu,\"lost\":%lu,"
           "\"forwarded\":%lu,"
           "\"received\":%lu,\"garbled\":%lu,\"strange\":%lu,\"unsent\":%lu,\"missed\":%u,"
           "\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
           what, seconds, sent_count, router_count, lost_count, forwarded_count, received_count,
           garbled_count, strange_count, unsent_count, missed_count, latency_us(0.5),
           latency_us(0.99), latency_us(1.0));
    fflush(stdout);
    memset(latencies, 0, sizeof(latencies));
    latency_count = 0;
}

static void release_held(int out)
{
    for (unsigned int h = 0; h < HELD_MAX; h++) {
        if (held_for[h] > 0 && send_frame(out, &held[h]))
            forwarded_count++;
        held_for[h] = 0;
    }
}

static void run(const int fds[4], double seconds, unsigned int rate, unsigned int loss,
                unsigned int late)
{
    const uint64_t began = now_ns(), length = (uint64_t)(seconds * 1e9);
    uint64_t told = began, quiet_since = 0;
    unsigned int missed_count = 0;

    for (;;) {
        const uint64_t now = now_ns(), gone = now - began;
        const uint64_t due = gone < length ? gone / 1000 * rate / 1000000 : 0;
        unsigned int done = 0;

        if (due > sent_count) {
            done = due - sent_count < BURST ? (unsigned int)(due - sent_count) : BURST;
            publish(fds[0], done);
        }
        done += route(fds[1], fds[2], loss, late);
        done += listen_to(fds[3]);
        if (now - told >= 1000000000) {
            tell("second", (double)gone / 1e9, missed_count);
            told = now;
        }
        if (gone >= length && done == 0) {
            quiet_since = quiet_since != 0 ? quiet_since : now;
            release_held(fds[2]);
            if (now - quiet_since > DRAIN_MS * UINT64_C(1000000))
                break;
        } else {
            quiet_since = 0;
        }
        if (done == 0)
            usleep(100);
    }
    missed_count = missed(fds[1]) + missed(fds[3]);
    tell("end", (double)(now_ns() - began) / 1e9, missed_count);
}

int main(int argc, char **argv)
{
    int fds[4];
    unsigned int copies;

    if (argc != 12) {
        fprintf(stderr, "usage: traffic FRAMES SOURCE ROUTER_IN ROUTER_OUT SINK SECONDS RATE "
                        "COPIES LOSS HELD SEED\n");
        return 2;
    }
    recording_count = soak_load(argv[1], recordings);
    copies = (unsigned int)strtoul(argv[8], NULL, 10);
    if (copies == 0 || copies > COPIES_MAX || recording_count == 0)
        return 2;
    random_state = strtoull(argv[11], NULL, 10) * 2 + 1;
    streams = calloc(recording_count * copies, sizeof(streams[0]));
    if (streams == NULL)
        fail("memory");
    for (unsigned int r = 0; r < recording_count; r++) {
        for (unsigned int c = 0; c < copies; c++)
            streams[stream_count++] = (struct stream){.recording = &recordings[r], .copy = c};
    }
    for (int i = 0; i < 4; i++)
        fds[i] = open_socket(argv[2 + i], i == 1 || i == 3);
    run(fds, strtod(argv[6], NULL), (unsigned int)strtoul(argv[7], NULL, 10),
        (unsigned int)strtoul(argv[9], NULL, 10), (unsigned int)strtoul(argv[10], NULL, 10));
    return 0;
}
