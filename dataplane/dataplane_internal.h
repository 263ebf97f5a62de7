/* SPDX-License-Identifier: BSD-3-Clause */
/* What dataplane.c builds, and session.c and report.c work on. Owner: main. */
#pragma once

#include "alarm.h"
#include "dataplane.h"
#include "key.h"
#include "link_rules.h"
#include "notice_queue.h"
#include "port.h"
#include "port_watch.h"
#include "redial.h"
#include "stall_watch.h"
#include "sweep.h"
#include "table.h"
#include "worker.h"

struct rs_link {
    struct rs_link_rules *rules; /* worker: r under RCU, main: publishes */
    char name[64] RS_OWN_LINE;
    struct rs_port ports[RS_DIRECTIONS];      /* by the direction that enters there */
    struct rs_redial redials[RS_DIRECTIONS];  /* of those */
    struct rs_too_big *too_big;               /* NULL: senders are not told */
    struct rs_spread *spreads[RS_DIRECTIONS]; /* NULL: each worker has its queues */
    bool reassemble;
    struct rs_reassembly *reassemblies[RS_DIRECTIONS][RS_MAX_WORKERS]; /* by ingress queue */
};

struct rs_dataplane {
    const struct rs_observer *observer;
    void *owner;              /* what the observer is given of workers and ports; NULL: nothing */
    struct rs_cipher *cipher; /* main's own */
    struct rs_keys *keys;
    struct rs_table *table;
    struct rs_notice_list notices; /* to be told of */
    struct rs_alarm alarm;
    struct rs_sweep sweep;
    struct rs_stall_watch stall_watch;
    struct rs_port_watch port_watch;
    struct rs_sender_pool *pool;
    struct rte_mempool *mbufs;
    struct rs_capture *capture; /* worker: r under RCU, main: publishes; NULL: none */

    unsigned int worker_count;
    unsigned int cpus[RS_MAX_WORKERS];
    struct rs_worker *workers[RS_MAX_WORKERS];
    struct rs_mailbox *worker_mail[RS_MAX_WORKERS];
    bool launched;

    unsigned int link_count;
    struct rs_link *links;
    /* [worker][link][direction]; a worker writes its own */
    struct rs_counters (*counters)[RS_MAX_LINKS][RS_DIRECTIONS];

    uint32_t max_sessions, session_count;
    TAILQ_HEAD(, rs_session) sessions;

    int epoll_fd, wake_fd, timer_fd;
    bool timer_is_short;
    uint64_t reseed_at_tsc;
    bool hugepages, locked;
};
