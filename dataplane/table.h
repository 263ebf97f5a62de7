/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams: their memory, where they are listed, and their end. Main changes them, workers read them
 * under RCU. Which packets are a stream's is in flow_table.h.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "activity.h"
#include "alarm.h"
#include "cache_line.h"
#include "dataplane.h"
#include "flow_table.h"
#include "keyring.h"
#include "mailbox.h"
#include "newcomer.h"
#include "notice.h"
#include "rcu.h"
#include "sender_record.h"
#include "session.h"
#include "shortage.h"

struct rs_sender;
struct rs_table;

TAILQ_HEAD(rs_slot_senders, rs_sender);

/* What main keeps of a stream that had a wrong tag or lost packets to a shortage: few ever do. */
struct rs_stream_watches {
    struct rs_alarm_watch alarm;
    struct rs_shortage_watch shortage;
    uint64_t told_dropped[][RS_SHORTAGES]; /* by worker: when it was last told as ended */
};

/* A worker's share of a stream. What a packet that is sealed or opened needs of it comes first, in
 * one cache line, and its worker alone writes there. */
struct rs_stream_slot {
    struct rs_sender *current;          /* sealing: the sender in use; opening: the last one used */
    struct rs_notice *notice;           /* opening, else NULL; behind the slots. const */
    struct rs_stream_counters counters; /* worker: w, main: r */

    /* worker only */
    struct rs_slot_senders senders; /* least recently used first */
    struct rs_record_list records;  /* of senders that have made room */
    uint32_t sender_count;
    struct rs_newcomer_tokens tokens; /* for derivations that may fail */

    struct rs_mail release; /* at the stream's end */
} RS_OWN_LINE;

_Static_assert(offsetof(struct rs_stream_slot, counters.outcomes[RS_EMPTY - RS_SEALED]) ==
                   RS_CACHE_LINE,
               "a packet's count and its sender are found in one cache line");

struct rs_stream {
    /* What each packet needs. const once in the table */
    struct rs_session *session;
    const struct rs_suite *suite;
    /* As rs_format_map_write has it; each is whole at any time. worker: r, main: rw */
    _Atomic uint8_t formats[RS_FORMAT_MAP_BYTES];

    /* const once in the table */
    enum rs_direction direction;
    unsigned int link;
    uint32_t replay_window;

    /* main only */
    void *owner; /* NULL: destroyed, nobody is told */
    unsigned int workers_waited_for;
    struct rs_table *table;
    TAILQ_ENTRY(rs_stream) entry;       /* of the session */
    TAILQ_ENTRY(rs_stream) table_entry; /* of all streams */
    struct rs_stream_watches *watches;  /* NULL: nothing to watch yet */
    union {
        struct rs_activity_watch activity; /* while it has an owner */
        struct {                           /* from its removal on */
            struct rs_rcu_head rcu;
            struct rs_mail grace_mail;
        };
    };
    const struct rs_stream_batch *leaves_with; /* NULL: it stays */
    STAILQ_ENTRY(rs_stream) batch_entry;       /* of what that batch removes */
    size_t key_count;
    struct rs_flow_key *keys; /* behind slots and notices, as the following */
    int32_t *positions;       /* in the flow table; RS_NO_POSITION: not the stream's */

    struct rs_stream_slot slots[];
};

_Static_assert(offsetof(struct rs_stream, direction) == RS_CACHE_LINE,
               "what each packet needs is one cache line, where nothing is written meanwhile");

/* The slot that a worker's mail of a stream is about. Any thread. */
static inline struct rs_stream_slot *rs_slot_of_mail(const struct rs_mail *mail)
{
    struct rs_stream *stream = mail->subject;

    return &stream->slots[mail->worker];
}

/* Whose slot it is. Any thread. */
static inline struct rs_stream *rs_slot_stream(const struct rs_stream_slot *slot)
{
    return slot->release.subject;
}

/* What a payload type of the stream carries, now. Any thread. */
static inline struct rs_format rs_stream_format(const struct rs_stream *stream,
                                                uint8_t payload_type)
{
    const unsigned int place = rs_format_map_place(payload_type);

    if (place >= RS_FORMAT_MAP_BYTES)
        return (struct rs_format){0};
    return rs_format_map_read(atomic_load_explicit(&stream->formats[place], memory_order_relaxed),
                              payload_type);
}

/* Makes a table for `max_streams` entries (one per stream and SSRC named), or NULL with errno. */
struct rs_table *rs_table_create(uint32_t max_streams, unsigned int worker_count,
                                 struct rs_mailbox *const *worker_mail, int wake_fd);

/* Frees the table and all streams. Workers must have stopped and rs_rcu_drain been called. */
void rs_table_destroy(struct rs_table *table);

/* Where packets are looked up. Borrowed from the table. */
struct rs_flow_table *rs_table_flows(const struct rs_table *table);

/* A new stream that is listed nowhere and has no packets yet, or NULL: no memory. Main. */
struct rs_stream *rs_table_make(struct rs_table *table, struct rs_session *session,
                                const struct rs_stream_config *config);

/* What is watched of a stream, all zero at first, or NULL: no memory. Main. */
struct rs_stream_watches *rs_stream_watch(struct rs_stream *stream, unsigned int worker_count);

/* Frees a stream that was never listed. Main. */
void rs_table_unmake(struct rs_stream *stream);

/* Lists a stream in its session and among all streams. Its keys are the caller's to put. Main. */
void rs_table_list(struct rs_table *table, struct rs_stream *stream);

/* Takes what a listed stream has of its keys out of the flow table; the rest of it goes in time.
 * Nobody is told of it any more. Main. */
void rs_table_remove(struct rs_table *table, struct rs_stream *stream);

/* Takes what grace periods brought. Main, out of poll. */
void rs_table_poll(struct rs_table *table);

/*
 * Takes a RELEASE_STREAM mail that came back from a worker. Returns the session whose stream it
 * was, which may have no stream left, or NULL where other workers are waited for. Main, out of
 * poll.
 */
struct rs_session *rs_table_take_mail(struct rs_table *table, struct rs_mail *mail);

/*
 * Goes over all streams, those that are gone but not freed included: begin, then one after the
 * other, NULL at the end. It may take several polls; what is listed meanwhile is met, too. Main.
 */
void rs_table_begin_sweep(struct rs_table *table);
struct rs_stream *rs_table_sweep(struct rs_table *table);

/* Whether workers are being waited for. */
bool rs_table_busy(const struct rs_table *table);
