/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of each packet, by name, and the counters of it. Every packet in ends as out or as
 * exactly one drop:   packets_in = packets_out + sum of the drops.   No DPDK.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Exactly one for each packet: a pass if it was handed to the egress port's queue, a drop if not.
 * A pass that the queue refuses becomes the drop `tx_full`. Those that a named stream's packet can
 * meet are together, so that a stream has counters for them alone.
 */
enum rs_outcome {
    /* passes: what no stream names */
    RS_BRIDGED, /* outside the media ranges, or not UDP */
    RS_RTCP,
    RS_STUN,
    RS_DTLS,
    RS_ZRTP,
    RS_QUIC,

    /* passes: streams */
    RS_SEALED,
    RS_OPENED,
    RS_EMPTY,    /* without payload */
    RS_INJECTED, /* plain, but a known frame that a router made up (`injected: pass_known`) */
    RS_PASSED,   /* in a session without e2ee */

    /* drops: streams */
    RS_BAD_CHECKSUM,
    RS_NO_KEY, /* a session with e2ee and no usable key */
    RS_NO_CAPACITY,
    RS_NO_TAILROOM,
    RS_TOO_BIG,
    RS_CIPHER_ERROR,

    /* drops: opening, in the order they are looked at */
    RS_NOT_SEALED,
    RS_BAD_VERSION,
    RS_SUITE_MISMATCH,
    RS_SECRET_MISMATCH,
    RS_REPLAY,
    RS_UNKNOWN_PAYLOAD_TYPE,
    RS_MALFORMED,
    RS_SENDER_LIMIT,
    RS_AUTH_FAILED,

    RS_TX_FULL, /* the egress queue took no more */

    /* drops: what no stream names */
    RS_WORKER_FULL, /* the worker whose flow it is took no more: `spread.h` */
    RS_NO_STREAM,
    RS_TRUNCATED,    /* a header runs past the frame, or IP's length lies */
    RS_SEGMENTED,    /* chained buffers that do not fit into one */
    RS_FRAGMENT,     /* an IP fragment inside a media range */
    RS_QUOTED_MEDIA, /* an ICMP error that would carry opened media out on the sealed side */
    RS_TUNNELLED,    /* STUN DATA or TURN ChannelData */
    RS_OPAQUE,       /* nothing that is known to be harmless */

    RS_OUTCOMES
};

enum { RS_STREAM_OUTCOMES = RS_TX_FULL + 1 - RS_SEALED };

/* The stable snake_case name. Pure. */
const char *rs_outcome_name(enum rs_outcome outcome);
static inline bool rs_outcome_is_drop(enum rs_outcome outcome)
{
    return outcome >= RS_BAD_CHECKSUM;
}

struct rs_in_out {
    uint64_t packets_in, bytes_in;
    uint64_t packets_out, bytes_out;
};

/* worker: writes its own, with plain adds. control: reads with relaxed atomics. */
struct rs_counters {
    union {
        struct rs_in_out in_out;
        struct {
            uint64_t packets_in, bytes_in;
            uint64_t packets_out, bytes_out;
        };
    };
    uint64_t outcomes[RS_OUTCOMES];
};

/* The same of one stream. */
struct rs_stream_counters {
    struct rs_in_out in_out;
    uint64_t outcomes[RS_STREAM_OUTCOMES]; /* of RS_SEALED and what follows */
};

/* Where a stream counts an outcome that its packets can meet. Pure. */
static inline uint64_t *rs_stream_count(struct rs_stream_counters *counters,
                                        enum rs_outcome outcome)
{
    return &counters->outcomes[(size_t)outcome - RS_SEALED];
}

/* Adds a snapshot of `from`, which another thread may be writing, to `sum`. Any thread. */
void rs_counters_add(struct rs_counters *sum, const struct rs_counters *from);
void rs_counters_add_stream(struct rs_counters *sum, const struct rs_stream_counters *from);

/* How many of a stream's packets met that outcome, which they can; another thread may be writing.
 * Any thread. */
uint64_t rs_stream_counters_get(const struct rs_stream_counters *counters, enum rs_outcome outcome);
