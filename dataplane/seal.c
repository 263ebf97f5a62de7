/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage: seals payloads with their stream's active key, suite by suite as one burst each. What
 * cannot be sealed is dropped under a name; nothing leaves this stage in clear.
 */
#include "stages.h"

#include <string.h>

#include <rte_cycles.h>

#include "keyring.h"
#include "worker.h"

/* Packets of one suite on their way through the cipher. */
struct batch {
    unsigned int count;
    unsigned int replaced_count;
    uint8_t places[RS_BURST_MAX];
    struct rs_sender *senders[RS_BURST_MAX];
    struct rs_sender *replaced[RS_BURST_MAX]; /* their keys are in use until the burst is sealed */
};

/* Whether a sender of an older key may go on until its turn to move to the new one. */
static bool may_go_on(const struct rs_worker *worker, const struct rs_burst *burst,
                      const struct rs_keyring *ring, const struct rs_sender *sender)
{
    uint64_t since;

    if (worker->moves_left > 0 || !rs_sender_has_count(sender) ||
        !rs_keyring_holds(ring, sender->key))
        return false;
    since = atomic_load_explicit(&ring->active->activated_tsc, memory_order_relaxed);
    return burst->now_tsc < since + worker->tsc_hz;
}

/* A sender with an unused count under a key that the other edge accepts, or NULL. */
static struct rs_sender *pick_sender(struct rs_worker *worker, const struct rs_burst *burst,
                                     const struct rs_keyring *ring, struct rs_stream_slot *slot,
                                     struct batch *batch)
{
    struct rs_sender *old = slot->current, *made;

    if (likely(old != NULL))
        rs_sender_use(old, burst->now_tsc);
    if (likely(old != NULL && old->key == ring->active && rs_sender_has_count(old)))
        return old;
    if (old != NULL && may_go_on(worker, burst, ring, old))
        return old;
    made = rs_sender_new_to_seal(worker->senders, slot, ring->active);
    if (made != NULL && old != NULL) {
        batch->replaced[batch->replaced_count++] = old;
        worker->moves_left -= worker->moves_left > 0;
    }
    return made;
}

static enum rs_outcome check_room(const struct rte_mbuf *mbuf, const struct rs_packet *packet,
                                  uint16_t overhead, uint16_t mtu)
{
    if (packet->rtp.payload_bytes > RS_PAYLOAD_MAX_BYTES)
        return RS_TOO_BIG;
    switch (rs_packet_can_grow(mbuf, &packet->datagram, overhead, mtu)) {
    case RS_GROW_OK:
        return RS_UNDECIDED;
    case RS_GROW_NO_TAILROOM:
        return RS_NO_TAILROOM;
    case RS_GROW_TOO_BIG:
        break;
    }
    return RS_TOO_BIG;
}

/* Whether the packet can be sealed as it came, and with what grows on it. */
static enum rs_outcome check(const struct rte_mbuf *mbuf, const struct rs_packet *packet,
                             uint16_t overhead, uint16_t mtu)
{
    if (unlikely(packet->rtp.payload_bytes == 0))
        return RS_EMPTY;
    if (unlikely(!rs_packet_checksum_ok(mbuf, &packet->datagram)))
        return RS_BAD_CHECKSUM;
    return check_room(mbuf, packet, overhead, mtu);
}

/* Opens a gap of `overhead` bytes between payload and padding. Returns the payload. */
static uint8_t *make_room(struct rte_mbuf *mbuf, struct rs_packet *packet, uint16_t overhead)
{
    uint8_t *body = rte_pktmbuf_mtod_offset(
        mbuf, uint8_t *, packet->datagram.payload_offset + packet->rtp.payload_offset);
    uint8_t *padding = body + packet->rtp.payload_bytes;

    rs_packet_resize(mbuf, &packet->datagram, overhead);
    if (unlikely(packet->rtp.padding_bytes != 0))
        memmove(padding + overhead, padding, packet->rtp.padding_bytes);
    return body;
}

static enum rs_outcome prepare(struct rs_worker *worker, struct rs_burst *burst, unsigned int place,
                               struct batch *batch)
{
    struct rs_stream *stream = burst->streams[place];
    const struct rs_keyring *ring = rs_rcu_read(stream->session->ring);
    struct rte_mbuf *mbuf = burst->mbufs[place];
    struct rs_packet *packet = &burst->packets[place];
    const uint16_t overhead = (uint16_t)rs_payload_overhead(stream->suite);
    struct rs_payload *payload = &worker->payloads[batch->count];
    struct rs_crypt *crypt = &worker->crypts[batch->count];
    struct rs_sender *sender;
    enum rs_outcome outcome;

    if (unlikely(ring->active == NULL))
        return RS_NO_KEY;
    outcome = check(mbuf, packet, overhead, burst->path->tx_mtu);
    if (unlikely(outcome != RS_UNDECIDED))
        return outcome;
    sender = pick_sender(worker, burst, ring, &stream->slots[worker->index], batch);
    if (unlikely(sender == NULL))
        return RS_NO_CAPACITY;
    crypt->keys = sender->keys;
    batch->senders[batch->count] = sender;
    outcome = rs_payload_prepare_seal(payload, stream->suite,
                                      rs_stream_format(stream, packet->rtp.payload_type),
                                      make_room(mbuf, packet, overhead), packet->rtp.payload_bytes,
                                      sender->kid, rs_sender_next_ctr(sender), crypt);
    rs_payload_lend(payload, mbuf->buf_addr, crypt);
    return outcome;
}

/* Perhaps the first packet that this worker has sealed with the key since it became active. */
static void note_first_sealed(const struct rs_worker *worker, struct rs_key *key)
{
    _Atomic uint64_t *first = &key->workers[worker->index].first_sealed_tsc;

    if (atomic_load_explicit(first, memory_order_relaxed) == 0)
        atomic_store_explicit(first, rte_rdtsc(), memory_order_relaxed);
}

static void finish(struct rs_worker *worker, struct rs_burst *burst, unsigned int place,
                   unsigned int n, const struct rs_sender *sender)
{
    rs_payload_finish_seal(&worker->payloads[n], &worker->crypts[n]);
    rs_packet_checksum_set(burst->mbufs[place], &burst->packets[place].datagram,
                           burst->path->tx_offload);
    burst->outcomes[place] = RS_SEALED;
    note_first_sealed(worker, sender->key);
}

static void seal_group(struct rs_worker *worker, struct rs_burst *burst, const uint8_t *group,
                       unsigned int group_count)
{
    struct batch batch;
    int rc;

    batch.count = batch.replaced_count = 0;
    for (unsigned int i = 0; i < group_count; i++) {
        burst->outcomes[group[i]] = (uint8_t)prepare(worker, burst, group[i], &batch);
        batch.places[batch.count] = group[i];
        batch.count += burst->outcomes[group[i]] == RS_SEALED;
    }
    rc = rs_cipher_seal_burst(worker->cipher, burst->streams[group[0]]->suite, worker->crypts,
                              batch.count);
    for (unsigned int i = 0; i < batch.count; i++) {
        if (rc == 0)
            finish(worker, burst, batch.places[i], i, batch.senders[i]);
        else
            burst->outcomes[batch.places[i]] = RS_CIPHER_ERROR;
    }
    for (unsigned int i = 0; i < batch.replaced_count; i++)
        rs_sender_end(worker->senders, batch.replaced[i]);
}

void rs_seal(struct rs_worker *worker, struct rs_burst *burst)
{
    uint8_t group[RS_BURST_MAX];
    unsigned int n;

    while ((n = rs_burst_take_suite(burst, group)) > 0) {
        rs_burst_prefetch_senders(burst, worker->index, group, n);
        seal_group(worker, burst, group, n);
    }
}
