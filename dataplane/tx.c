/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage: sends what has passed, in the order it came, frees what was dropped, and counts both. The
 * only place where packets are counted, so that each is counted once.
 */
#include "stages.h"

#include <rte_ethdev.h>

#include "worker.h"

static unsigned int transmit(const struct rs_path *path, struct rte_mbuf **mbufs, unsigned int n)
{
    unsigned int ready = n;

    if (path->tx_offload != 0)
        ready = rte_eth_tx_prepare(path->tx_port, path->tx_queue, mbufs, (uint16_t)n);
    if (unlikely(path->spread != NULL))
        return rs_spread_transmit(path, mbufs, ready);
    return rte_eth_tx_burst(path->tx_port, path->tx_queue, mbufs, (uint16_t)ready);
}

/* Packets with one end. */
struct run {
    enum rs_outcome outcome;
    unsigned int packets;
    uint64_t bytes_in, bytes_out;
};

/* Of a stream or of a path. */
static inline void count(struct rs_in_out *in_out, uint64_t *outcome, const struct run *run)
{
    in_out->packets_in += run->packets;
    in_out->bytes_in += run->bytes_in;
    *outcome += run->packets;
    if (!rs_outcome_is_drop(run->outcome)) {
        in_out->packets_out += run->packets;
        in_out->bytes_out += run->bytes_out;
    }
}

/* Counts the run of one stream that begins at packet i, and adds it to `all` of the same end.
 * Returns the packet behind it. */
static unsigned int count_stream(const struct rs_worker *worker, const struct rs_burst *burst,
                                 const uint32_t *bytes_out, unsigned int i, struct run *all)
{
    struct rs_stream *stream = burst->streams[i];
    struct run run = {.outcome = all->outcome};

    do {
        run.packets++;
        run.bytes_in += burst->bytes_in[i];
        run.bytes_out += bytes_out[i];
        i++;
    } while (i < burst->received && burst->streams[i] == stream &&
             burst->outcomes[i] == run.outcome);
    if (stream != NULL) {
        struct rs_stream_counters *counters = &stream->slots[worker->index].counters;

        count(&counters->in_out, rs_stream_count(counters, run.outcome), &run);
    }
    all->packets += run.packets;
    all->bytes_in += run.bytes_in;
    all->bytes_out += run.bytes_out;
    return i;
}

/* Most packets of a burst have the same end, and those of a stream often come one behind the other:
 * counters are written once for a run of them. */
static void count_all(const struct rs_worker *worker, const struct rs_burst *burst,
                      const uint32_t *bytes_out)
{
    struct rs_counters *counters = burst->path->counters;

    for (unsigned int i = 0; i < burst->received;) {
        struct run all = {.outcome = (enum rs_outcome)burst->outcomes[i]};

        while (i < burst->received && burst->outcomes[i] == all.outcome)
            i = count_stream(worker, burst, bytes_out, i, &all);
        count(&counters->in_out, &counters->outcomes[all.outcome], &all);
    }
}

void rs_tx_count_drops(const struct rs_path *path, enum rs_outcome outcome, unsigned int packets,
                       uint64_t bytes)
{
    const struct run run = {.outcome = outcome, .packets = packets, .bytes_in = bytes};

    count(&path->counters->in_out, &path->counters->outcomes[outcome], &run);
}

/* What is longer than the port takes a driver would drop without a word. Returns how many drops
 * there are in all. */
static unsigned int mark_too_big(struct rs_burst *burst, uint32_t *bytes_out)
{
    unsigned int drops = 0;

    for (unsigned int i = 0; i < burst->received; i++) {
        bytes_out[i] = burst->mbufs[i]->pkt_len;
        if (bytes_out[i] > burst->path->tx_frame_max &&
            !rs_outcome_is_drop((enum rs_outcome)burst->outcomes[i]))
            burst->outcomes[i] = RS_TOO_BIG;
        drops += rs_outcome_is_drop((enum rs_outcome)burst->outcomes[i]);
    }
    return drops;
}

/* Before what was dropped is freed: packets of streams as they came, since sealing finds out first.
 */
static __attribute__((noinline)) void tell_too_big(const struct rs_burst *burst)
{
    for (unsigned int i = 0; i < burst->received; i++) {
        const struct rs_stream *stream = burst->streams[i];

        if (burst->outcomes[i] == RS_TOO_BIG && stream != NULL)
            rs_too_big_tell(burst->path->too_big, burst->mbufs[i], &burst->packets[i].datagram,
                            burst->path->tx_mtu - (uint32_t)rs_payload_overhead(stream->suite),
                            burst->now_tsc);
    }
}

/* Sends in order; what is refused is a drop, too. */
static void send_burst(struct rs_burst *burst, unsigned int drops)
{
    struct rte_mbuf *out[RS_BURST_MAX], *dropped[RS_BURST_MAX];
    uint8_t places[RS_BURST_MAX];
    unsigned int out_count = 0, dropped_count = 0, sent;

    for (unsigned int i = 0; i < burst->received; i++) {
        if (drops > 0 && rs_outcome_is_drop((enum rs_outcome)burst->outcomes[i])) {
            dropped[dropped_count++] = burst->mbufs[i];
        } else {
            places[out_count] = (uint8_t)i;
            out[out_count++] = burst->mbufs[i];
        }
    }
    sent = out_count == 0 ? 0 : transmit(burst->path, out, out_count);
    for (unsigned int i = sent; i < out_count; i++) {
        burst->outcomes[places[i]] = RS_TX_FULL;
        dropped[dropped_count++] = out[i];
    }
    rte_pktmbuf_free_bulk(dropped, dropped_count);
}

void rs_tx(struct rs_worker *worker, struct rs_burst *burst)
{
    uint32_t bytes_out[RS_BURST_MAX];
    const unsigned int drops = mark_too_big(burst, bytes_out);

    if (unlikely(drops > 0 && burst->path->too_big != NULL && burst->path->direction == RS_SEAL))
        tell_too_big(burst);
    if (unlikely(burst->capture != NULL))
        rs_capture_take(burst->capture, worker, burst);
    send_burst(burst, drops);
    count_all(worker, burst, bytes_out);
}
