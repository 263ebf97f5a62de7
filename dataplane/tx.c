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
    return rte_eth_tx_burst(path->tx_port, path->tx_queue, mbufs, (uint16_t)ready);
}

/* What has not been added yet to the counters of one path or stream. */
struct sum {
    uint64_t packets_in, bytes_in, packets_out, bytes_out;
};

static void add(struct sum *sum, uint64_t *outcomes, uint32_t bytes_in, uint32_t bytes_out,
                enum rs_outcome outcome)
{
    const uint64_t out = !rs_outcome_is_drop(outcome);

    sum->packets_in++;
    sum->bytes_in += bytes_in;
    sum->packets_out += out;
    sum->bytes_out += out * bytes_out;
    outcomes[outcome]++;
}

static void flush(struct rs_counters *counters, struct sum *sum)
{
    counters->packets_in += sum->packets_in;
    counters->bytes_in += sum->bytes_in;
    counters->packets_out += sum->packets_out;
    counters->bytes_out += sum->bytes_out;
    *sum = (struct sum){0};
}

/* Packets of one stream often come one behind the other: they are added up first. */
static void count_all(const struct rs_worker *worker, const struct rs_burst *burst,
                      const uint32_t *bytes_out)
{
    struct rs_counters *path = burst->path->counters;
    struct sum all = {0}, of_stream = {0};

    for (unsigned int i = 0; i < burst->received; i++) {
        struct rs_stream *stream = burst->streams[i];
        const enum rs_outcome outcome = (enum rs_outcome)burst->outcomes[i];

        add(&all, path->outcomes, burst->bytes_in[i], bytes_out[i], outcome);
        if (stream == NULL)
            continue;
        add(&of_stream, stream->slots[worker->index].counters.outcomes, burst->bytes_in[i],
            bytes_out[i], outcome);
        if (i + 1 == burst->received || burst->streams[i + 1] != stream)
            flush(&stream->slots[worker->index].counters, &of_stream);
    }
    flush(path, &all);
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

    send_burst(burst, mark_too_big(burst, bytes_out));
    count_all(worker, burst, bytes_out);
}
