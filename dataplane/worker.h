/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker: one thread on one CPU that polls its queues and owns everything it writes. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "burst.h"
#include "cache_line.h"
#include "capture.h"
#include "cipher.h"
#include "flow_cache.h"
#include "mailbox.h"
#include "newcomer.h"
#include "opener.h"
#include "payload.h"
#include "port.h"
#include "reassemble.h"
#include "sender.h"
#include "spread.h"
#include "stages.h"
#include "table.h"
#include "too_big.h"

/* One direction of a link as one worker sees it: an ingress queue and an egress queue, or its share
 * of what comes in by another worker's. */
struct rs_path {
    uint16_t rx_port, rx_queue;
    uint16_t tx_port, tx_queue;
    uint16_t tx_mtu;       /* the longest IP packet, in bytes */
    uint32_t tx_frame_max; /* the longest frame, in bytes */
    uint64_t tx_offload;
    const struct rs_spread *spread;   /* NULL: both queues are this path's own */
    unsigned int place;               /* among the direction's paths */
    struct rs_reassembly *reassembly; /* NULL: fragments stay what they are */
    uint8_t link;
    enum rs_direction direction;
    rs_stage_fn *crypt;                 /* rs_seal or rs_open */
    struct rs_link_rules *const *rules; /* the link's; read under RCU, once per burst */
    struct rs_counters *counters;       /* worker: w, main: r */
    /* To seal: what tells senders. To open: the same, where this path's queue sends it. Or NULL. */
    struct rs_too_big *too_big;
};

/* What a worker is told to do. */
enum rs_order { RS_ORDER_WORK, RS_ORDER_REST, RS_ORDER_STOP };

/* Owner: its thread, unless marked. */
struct rs_worker {
    unsigned int index;
    unsigned int path_count;
    struct rs_path *paths;
    const struct rs_flow_table *flows;
    struct rs_capture *const *capture; /* the dataplane's; read under RCU, once per burst */
    struct rs_cipher *cipher;
    struct rs_senders *senders;
    uint64_t tsc_hz;
    unsigned int moves_left; /* senders this turn may still derive only because of a new key */
    struct rs_mail *pending; /* wipes and releases being worked on, oldest first */
    struct rs_mail **pending_end;
    _Atomic uint64_t busy_cycles, idle_cycles; /* worker: w, main: r */
    _Atomic uint64_t turns;                    /* ended. worker: w, main: r */
    _Atomic uint64_t bursts[RS_BURST_SIZES];   /* worker: w, main: r */
    struct rs_burst burst;
    struct rs_flow_cache flow_cache;
    struct rs_attempts attempts;
    struct rs_newcomers newcomers;
    struct rs_crypt crypts[RS_BURST_MAX];
    struct rs_payload payloads[RS_BURST_MAX];

    /* The mailboxes are both threads' to write, each when it has something to say. */
    struct rs_mailbox from_main RS_OWN_LINE;
    struct rs_mailbox to_main RS_OWN_LINE;
    _Atomic int order RS_OWN_LINE; /* enum rs_order. main: w, worker: r */
    struct rs_mail reseed;
    bool reseed_posted; /* main only */
    uint8_t seed[32];   /* whoever holds the mail */
};

/* rx.c: fills burst->mbufs from the path's ingress queue, fragments put together where it does
 * that. Returns how many there are. The path's worker. */
unsigned int rs_rx_queue(const struct rs_path *path, struct rs_burst *burst);

/* tx.c: counts packets that were dropped before they were in a burst. The path's worker. */
void rs_tx_count_drops(const struct rs_path *path, enum rs_outcome outcome, unsigned int packets,
                       uint64_t bytes);

/* Polls until told to stop; an lcore function. Returns 0. */
int rs_worker_run(void *worker);

/* A worker that rests polls nothing, and holds nothing from the next grace period on. Neither has
 * an effect on one that is told to stop. Any thread. */
void rs_worker_rest(struct rs_worker *worker);
void rs_worker_resume(struct rs_worker *worker);

/* For good. Any thread. */
void rs_worker_stop(struct rs_worker *worker);
