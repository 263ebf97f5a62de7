/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams, and the flow table that leads from a packet to its stream. Main changes them,
 * workers read them under RCU.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>

#include "alarm.h"
#include "dataplane.h"
#include "keyring.h"
#include "mailbox.h"
#include "newcomer.h"
#include "notice.h"
#include "rcu.h"
#include "sender_record.h"
#include "session.h"

struct rs_sender;
struct rs_table;

TAILQ_HEAD(rs_slot_senders, rs_sender);

/* A worker's share of a stream. */
struct rs_stream_slot {
    /* worker only */
    struct rs_sender *current;      /* sealing: the sender in use; opening: the last one used */
    struct rs_slot_senders senders; /* least recently used first */
    struct rs_record_list records;  /* of senders that have made room */
    uint32_t sender_count;
    struct rs_newcomer_tokens tokens; /* for derivations that may fail */
    struct rs_stream *stream;

    struct rs_notice notice;     /* worker: w, main: r */
    struct rs_counters counters; /* worker: w, main: r */
    struct rs_mail release;
} __attribute__((aligned(64)));

/* What a packet is looked up by. Compared as bytes: padding-free, zero where not used. */
struct rs_flow_key {
    uint8_t src[16], dst[16];
    uint16_t src_port, dst_port;
    uint32_t ssrc;
    uint16_t vlan;
    uint8_t link;
    uint8_t shape; /* enum rs_shape bits */
    uint8_t direction;
    uint8_t family;
    uint16_t zero;
};

/* Which optional parts a flow names; probed from the most specific to the least. */
enum rs_shape { RS_SHAPE_SSRC = 1, RS_SHAPE_SOURCE = 2, RS_SHAPES = 4 };

struct rs_stream {
    /* const once in the table */
    struct rs_session *session;
    const struct rs_suite *suite;
    enum rs_direction direction;
    unsigned int link;
    uint32_t replay_window;
    uint8_t formats[RS_PAYLOAD_TYPES]; /* packed */

    /* main only */
    void *owner; /* NULL: destroyed, nobody is told */
    unsigned int workers_waited_for;
    struct rs_rcu_head rcu;
    struct rs_mail grace_mail;
    struct rs_table *table;
    TAILQ_ENTRY(rs_stream) entry;       /* of the session */
    TAILQ_ENTRY(rs_stream) table_entry; /* of all streams */
    struct rs_alarm_watch alarm;
    size_t key_count;
    struct rs_flow_key *keys; /* in the flow table */
    int32_t *positions;       /* of the keys there */

    struct rs_stream_slot slots[];
};

/* Makes a table for `max_streams` entries (one per stream and SSRC named), or NULL with errno. */
struct rs_table *rs_table_create(uint32_t max_streams, unsigned int worker_count,
                                 struct rs_mailbox *const *worker_mail, int wake_fd);

/* Frees the table and all streams. Workers must have stopped and rs_rcu_drain been called. */
void rs_table_destroy(struct rs_table *table);

/* As rs_stream_create and rs_stream_destroy of dataplane.h. Main. */
int rs_table_add(struct rs_table *table, struct rs_session *session,
                 const struct rs_stream_config *config, struct rs_stream **stream);
void rs_table_remove(struct rs_table *table, struct rs_stream *stream);

/* Takes what grace periods brought. Main, out of poll. */
void rs_table_poll(struct rs_table *table);

/*
 * Takes a RELEASE_STREAM mail that came back from a worker. Returns the session whose stream it
 * was, which may have no stream left, or NULL where other workers are waited for. Main, out of
 * poll.
 */
struct rs_session *rs_table_take_mail(struct rs_table *table, struct rs_mail *mail);

/* Whether workers are being waited for. */
bool rs_table_busy(const struct rs_table *table);

/* The shapes that (link, direction) has entries of: bit s is set for enum rs_shape s. Worker. */
uint32_t rs_table_shapes(const struct rs_table *table, unsigned int link,
                         enum rs_direction direction);

/*
 * Finds n <= 64 keys at once. Sets found[i] to the stream or NULL. Worker; what it finds is good
 * until its next quiescent state.
 */
void rs_table_find_burst(const struct rs_table *table, const struct rs_flow_key *keys[],
                         unsigned int n, struct rs_stream *found[]);
