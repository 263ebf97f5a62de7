/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one header through which control drives the dataplane: its lifecycle, sessions and their
 * keys, streams, and counters.
 *
 * Every function here belongs to the main thread, the one that called rs_dataplane_create; none
 * waits for a worker or for a grace period, and none is slow but create and destroy. What takes
 * time (an old key's wiping, a stream's memory) finishes by itself and is told to the observer out
 * of rs_dataplane_poll.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"
#include "log.h"
#include "observer.h"
#include "range.h"
#include "replay.h"
#include "secret.h"
#include "stats.h"
#include "suite.h"

struct rs_dataplane;
struct rs_session;
struct rs_stream;

/* ---- lifecycle ---------------------------------------------------------------------------- */

/* One port: `pci` "0000:03:00.0" or `vdev` "net_af_packet0,iface=veth1"; the other is NULL. */
struct rs_port_config {
    const char *pci;
    const char *vdev;
    uint16_t mtu;    /* the longest IP packet, in bytes; 0: the device's own */
    uint16_t queues; /* no more are used; 0: as many as it has, of memif one */
};

/* What becomes of plain packets where sealed ones are opened. */
enum rs_injected_policy {
    RS_INJECTED_DROP,
    RS_INJECTED_PASS_KNOWN /* frames that routers are known to make up pass, all else is dropped */
};

struct rs_link_config {
    const char *name;
    struct rs_port_config plain, sealed;
    const struct rs_range *media;
    size_t media_count;
    enum rs_injected_policy injected;
    bool icmp_too_big; /* senders on the plain side are told which packets do not fit once sealed */
    bool reassemble;   /* fragments of what may be media are put together, not dropped */
};

enum rs_hugepages { RS_HUGEPAGES_AUTO, RS_HUGEPAGES_REQUIRED, RS_HUGEPAGES_OFF };

/* All pointers are borrowed for the time of rs_dataplane_create alone. */
struct rs_dataplane_config {
    const unsigned int *cpus; /* one worker each */
    size_t cpu_count;
    uint32_t memory_mb;
    enum rs_hugepages hugepages;
    const struct rs_link_config *links;
    size_t link_count;
    uint32_t max_sessions, max_streams, max_senders;
    enum rs_lock_policy lock_policy;
    uint32_t auth_failure_alarm; /* wrong tags a second of one stream that are told; 0: none */
};

/*
 * Starts EAL, ports and workers. The calling thread becomes the main thread and moves off the
 * workers' CPUs. `observer` is borrowed until destroy. Blocks. Returns NULL with errno set, after
 * logging what is wrong and where; nothing is left running. At most once per process (EAL's rule).
 */
struct rs_dataplane *rs_dataplane_create(const struct rs_dataplane_config *config,
                                         const struct rs_observer *observer);

/* Stops workers, wipes and frees every key, closes ports, ends EAL. Blocks. */
void rs_dataplane_destroy(struct rs_dataplane *dataplane);

/* A descriptor that is readable when rs_dataplane_poll has something to do; for an event loop. */
int rs_dataplane_fd(const struct rs_dataplane *dataplane);

/* Moves retirements, activations and notices on; calls the observer. Never blocks. */
void rs_dataplane_poll(struct rs_dataplane *dataplane);

/* What worker_stalled and port_changed are given; until then they are not told. A port that is down
 * at that time is told of as gone down. */
void rs_dataplane_set_owner(struct rs_dataplane *dataplane, void *owner);

/* Changes of the configuration while it runs. More sessions than the new limit may stay. */
void rs_dataplane_set_auth_failure_alarm(struct rs_dataplane *dataplane, uint32_t per_second);
void rs_dataplane_set_max_sessions(struct rs_dataplane *dataplane, uint32_t max_sessions);

/*
 * Changes what a link lets through: from each worker's next burst on. The ranges are copied.
 * Returns 0, or -ENOMEM, and nothing has changed. A stream whose flow leaves the ranges is passed
 * as by a wire, so the caller makes sure that there is none.
 */
int rs_dataplane_set_link(struct rs_dataplane *dataplane, unsigned int link,
                          const struct rs_range *media, size_t media_count,
                          enum rs_injected_policy injected);

/* ---- sessions and keys -------------------------------------------------------------------- */

enum rs_protection {
    RS_PROTECT_NONE, /* media is passed on unchanged and counted */
    RS_PROTECT_E2EE, /* media is sealed or opened, else dropped */
};

/* Returns a session without keys, or NULL with errno ENOSPC (limit) or ENOMEM. */
struct rs_session *rs_session_create(struct rs_dataplane *dataplane, enum rs_protection protection,
                                     void *owner);

/* Blocks a session without e2ee (RS_PROTECT_E2EE: it has no key, so `no_key`) or lets it pass
 * (RS_PROTECT_NONE). Not for one that has had a key. */
void rs_session_set_protection(struct rs_session *session, enum rs_protection protection);

/*
 * Ends a session: its keys are retired and its memory freed in time; the observer hears no more of
 * it. Its streams must have been destroyed.
 */
void rs_session_destroy(struct rs_session *session);

enum rs_staging {
    RS_STAGED_NEW,    /* a new key */
    RS_STAGED_AGAIN,  /* a key still in the ring, now with the new epoch */
    RS_STAGED_ACTIVE, /* it is the active key already: nothing changed */
};

/*
 * Makes a session key of 32 to 64 bytes of base key, or finds it in the ring, and publishes it
 * staged under `epoch`: openers accept it from now on. The base key is borrowed; the caller wipes
 * it. On success *staging and *info are set (RS_STAGED_ACTIVE: with the old epoch). Returns 0, or
 *   -EBUSY   a key is staged already, or the ring is full: retry after an activation or retirement
 *   -EEXIST  another key of the ring has the same key tag, and a stream's suite has no tag
 *   -EINVAL  the base key's length
 *   -ENOMEM  locked memory cannot be had
 * and nothing has changed.
 */
int rs_session_stage_key(struct rs_session *session, const uint8_t *base_key, size_t bytes,
                         uint32_t epoch, enum rs_staging *staging, struct rs_key_info *info);

/*
 * Makes the staged key active and the active one previous. observer->key_activated follows, unless
 * the key is staged and made active again before: then it follows for the last time only.
 * *replaced_epoch is the epoch of the key that is now previous, 0 if there was none. Returns 0, or
 * -ENOENT without a staged key, or -ENOMEM.
 */
int rs_session_activate_key(struct rs_session *session, uint32_t *replaced_epoch);

/*
 * Takes the key of `epoch`, previous or staged, out of the ring; after a grace period every worker
 * wipes what it derived from it, then the key itself is wiped and observer->key_retired follows.
 * Returns 0, -ENOENT, or -EBUSY for the active key, or -ENOMEM.
 */
int rs_session_retire_key(struct rs_session *session, uint32_t epoch);

/* Retires every key, the active one too: media is dropped as `no_key` from now on. 0 or -ENOMEM. */
int rs_session_retire_all_keys(struct rs_session *session);

struct rs_keyring_info {
    bool has_staged, has_active;
    struct rs_key_info staged, active;
    struct rs_key_info previous[RS_PREVIOUS_MAX]; /* newest first */
    size_t previous_count;
};

void rs_session_get_keyring(const struct rs_session *session, struct rs_keyring_info *info);

/* Sums over the session's streams, those already destroyed included. */
void rs_session_get_counters(const struct rs_session *session, enum rs_direction direction,
                             struct rs_counters *sum);

/* ---- streams ------------------------------------------------------------------------------ */

/* As on the wire, in the stream's direction. Addresses in network order, IPv4 in the first 4 bytes;
 * ports in host order. */
struct rs_flow {
    uint8_t family;  /* 4 or 6 */
    bool has_source; /* src and src_port take part in the match */
    uint8_t src[16], dst[16];
    uint16_t src_port, dst_port;
    uint16_t vlan; /* 0: untagged */
};

struct rs_stream_config {
    enum rs_direction direction;
    unsigned int link; /* index in rs_dataplane_config.links */
    struct rs_flow flow;
    const uint32_t *ssrcs; /* borrowed; none: any SSRC */
    size_t ssrc_count;
    /* per payload type but 64 to 95, which are RTCP's; one not named is sealed whole, and refused
     * where O = 0 */
    struct rs_format formats[RS_PAYLOAD_TYPES];
    const struct rs_suite *suite;
    uint32_t replay_window; /* packets, 64 to 8192, rounded up to a power of two; 0: off */
    void *owner;
};

/*
 * Adds a stream to the flow table: packets match from now on. Returns 0 with *stream set, or
 *   -EEXIST  the same flow, of the same shape, on that link and direction, is taken
 *   -ENOSPC  the flow table is full
 *   -ENOMEM
 * and nothing has changed.
 */
int rs_stream_create(struct rs_session *session, const struct rs_stream_config *config,
                     struct rs_stream **stream);

/* Takes the stream out of the flow table: its packets are `no_stream` from now on. Its senders are
 * wiped and its memory freed in time; the observer hears no more of it. */
void rs_stream_destroy(struct rs_stream *stream);

/* Changes the formats: packets of each worker's next burst are read by the new ones. */
void rs_stream_set_formats(struct rs_stream *stream,
                           const struct rs_format formats[RS_PAYLOAD_TYPES]);

/*
 * A change of many streams at once, all or nothing. What a batch removes goes on until it is
 * committed; what it adds is not seen by a worker before. A flow that one stream loses and another
 * gets in the same batch changes hands without a packet lost between them.
 */
struct rs_stream_batch;

/* NULL without memory. A batch ends with commit or abort; meanwhile nothing else changes streams.
 */
struct rs_stream_batch *rs_stream_batch_create(struct rs_dataplane *dataplane);

/* Returns 0 with *stream set, which is nobody's to use before the commit, or -ENOMEM. */
int rs_stream_batch_add(struct rs_stream_batch *batch, struct rs_session *session,
                        const struct rs_stream_config *config, struct rs_stream **stream);

/* Returns 0, or -ENOMEM. As rs_stream_destroy once committed. */
int rs_stream_batch_remove(struct rs_stream_batch *batch, struct rs_stream *stream);

/*
 * Makes the change and frees the batch. Returns 0, or -EEXIST (a flow is that of a stream that
 * stays, or two added have the same) or -ENOSPC: then nothing has changed, and *blamed, if not
 * NULL, is the `owner` of the added stream that failed. The batch is freed either way, and on
 * failure what it had added.
 */
int rs_stream_batch_commit(struct rs_stream_batch *batch, void **blamed);
void rs_stream_batch_abort(struct rs_stream_batch *batch);

/* The `owner` of the stream that a packet of this flow (source given) and SSRC belongs to, as a
 * worker would find it; NULL: none. */
void *rs_stream_find(const struct rs_dataplane *dataplane, unsigned int link,
                     enum rs_direction direction, const struct rs_flow *flow, uint32_t ssrc);

/* What has come in lately, over about a second that has passed; 0 where nothing has. */
struct rs_stream_rate {
    double packets_per_second, bits_per_second;
};
void rs_stream_get_rate(const struct rs_stream *stream, struct rs_stream_rate *rate);

/* Sums over workers. */
void rs_stream_get_counters(const struct rs_stream *stream, struct rs_counters *sum);

/* ---- what is going on --------------------------------------------------------------------- */

/* Sums over workers and links; a filter of RS_ALL takes all of its kind. */
enum { RS_ALL = -1 };
void rs_dataplane_get_counters(const struct rs_dataplane *dataplane, int worker, int link,
                               enum rs_direction direction, struct rs_counters *sum);

/* Bursts are counted by size: up to 1, 2, 4, 8, 16 and 32 packets. */
enum { RS_BURST_SIZES = 6 };

struct rs_worker_info {
    unsigned int cpu;
    uint64_t busy_cycles, idle_cycles; /* TSC, of polls that found packets and that found none */
    uint32_t senders;                  /* in use */
    uint64_t stalled_ms;               /* since the last turn was seen, where over RS_STALL_MS */
    uint64_t bursts[RS_BURST_SIZES];   /* of at most 2^i packets, and more than half of that */
};

unsigned int rs_dataplane_worker_count(const struct rs_dataplane *dataplane);
void rs_dataplane_get_worker(const struct rs_dataplane *dataplane, unsigned int worker,
                             struct rs_worker_info *info);

/* What the port itself counted, in packets. */
struct rs_port_info {
    char device[64]; /* DPDK's name of it */
    const char *driver;
    bool up;
    uint16_t mtu, rx_queues, tx_queues;
    uint64_t rx_packets, tx_packets, rx_missed, rx_errors, rx_no_mbuf, tx_errors;
    uint64_t icmp_too_big; /* messages that the daemon itself has sent there */
    uint64_t
        fragments_joined; /* by how much put together datagrams are fewer than their fragments */
};

/* `side`: RS_SEAL for the plain port, RS_OPEN for the sealed one (where that direction enters). */
void rs_dataplane_get_port(const struct rs_dataplane *dataplane, unsigned int link,
                           enum rs_direction side, struct rs_port_info *info);

/* The buffers that packets lie in, from reception to transmission: all ports share them. */
struct rs_buffer_info {
    uint32_t total;
    uint32_t in_use; /* the receive queues' own included */
};

void rs_dataplane_get_buffers(const struct rs_dataplane *dataplane, struct rs_buffer_info *info);

/* ---- capture ------------------------------------------------------------------------------ */

struct rs_capture;

/* Whether a packet is copied as it came in, or as it has become when its end is known. */
enum rs_capture_when { RS_CAPTURE_BEFORE, RS_CAPTURE_AFTER };

struct rs_capture_config {
    const struct rs_stream *stream; /* NULL: any packet; its capture ends before it does */
    int outcome;                    /* enum rs_outcome; -1: any */
    int direction;                  /* enum rs_direction; -1: both */
    enum rs_capture_when when;
    uint32_t snap_bytes; /* of each frame, at most */
};

/* A copy. `data` has `kept` bytes of the frame's `bytes`, and is the reader's for the call alone.
 */
struct rs_captured {
    uint64_t at_ns; /* CLOCK_REALTIME */
    uint32_t bytes, kept;
    const uint8_t *data;
    unsigned int link;
    enum rs_direction direction;
    enum rs_outcome outcome; /* what tx may still make tx_full */
};

typedef void rs_captured_fn(void *context, const struct rs_captured *captured);

/* Begins to copy. NULL with errno EBUSY (there is one) or ENOMEM. Main. */
struct rs_capture *rs_capture_start(struct rs_dataplane *dataplane,
                                    const struct rs_capture_config *config);

/* Hands over what there is, oldest first of each worker. Returns how many. One thread at a time. */
unsigned int rs_capture_read(struct rs_capture *capture, rs_captured_fn *taker, void *context);

/* Packets of which no copy was made, since the reader was behind. Any thread. */
uint64_t rs_capture_missed(const struct rs_capture *capture);

/* Workers copy nothing more from their next burst on. Main. */
void rs_capture_stop(struct rs_capture *capture);

/* Stops, and frees it once no worker has it; nobody reads it any more. Main. */
void rs_capture_destroy(struct rs_capture *capture);

struct rs_host_info {
    const char *dpdk_version;
    const char *ipsec_mb_version;
    const char *isa; /* which of IPsec-MB's implementations is in use */
    bool hugepages;
    bool locked; /* key memory is locked */
};

/*
 * Runs the suite's known answers on this CPU, with the code in use. Returns 0, or -EIO where one is
 * wrong: nothing may be sealed with it. A few ten microseconds.
 */
int rs_dataplane_test_suite(struct rs_dataplane *dataplane, const struct rs_suite *suite);

void rs_dataplane_get_host(const struct rs_dataplane *dataplane, struct rs_host_info *info);
