/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage: opens payloads, suite by suite as one burst each. A packet leaves as `opened`, as `empty`,
 * as `injected`, or dropped under the first outcome of the wire format's list that fits. No state
 * moves, and no sender is kept, before a tag has verified.
 */
#include "stages.h"

#include <string.h>

#include "injected.h"
#include "link_rules.h"
#include "opener.h"
#include "worker.h"

/* What can be said without a cipher, and which sender to try first. */
static enum rs_outcome prepare(struct rs_worker *worker, struct rs_burst *burst,
                               struct rs_attempts *attempts, struct rs_attempt *attempt)
{
    const struct rs_packet *packet = &burst->packets[attempt->place];
    struct rs_stream *stream = burst->streams[attempt->place];
    const unsigned int n = attempts->count;
    uint8_t *payload = rs_burst_payload(burst, attempt->place);
    const size_t bytes = packet->rtp.payload_bytes;
    enum rs_outcome outcome;

    attempt->slot = &stream->slots[worker->index];
    attempt->ring = rs_rcu_read(stream->session->ring);
    if (attempt->ring->count == 0)
        return RS_NO_KEY;
    if (!rs_packet_checksum_ok(burst->mbufs[attempt->place], &packet->datagram))
        return RS_BAD_CHECKSUM;
    outcome = rs_payload_parse(payload, bytes, stream->suite, &attempt->trailer);
    if (outcome == RS_NOT_SEALED &&
        rs_injected_has(burst->rules->injected, rs_stream_format(stream, packet->rtp.payload_type),
                        payload, bytes))
        return RS_INJECTED;
    if (outcome != RS_OPENED)
        return outcome;
    outcome = rs_opener_find(worker, attempt);
    if (outcome != RS_UNDECIDED)
        return outcome;
    outcome = rs_payload_prepare_open(&worker->payloads[n], stream->suite,
                                      rs_stream_format(stream, packet->rtp.payload_type),
                                      &attempt->trailer, payload, bytes, &worker->crypts[n]);
    if (outcome != RS_OPENED)
        return outcome;
    rs_payload_lend(&worker->payloads[n], burst->mbufs[attempt->place]->buf_addr,
                    &worker->crypts[n]);
    return attempt->sender != NULL ? RS_UNDECIDED : rs_opener_next(worker, attempts, attempt);
}

/* Tries the other keys that share the packet's key tag, one by one. */
static enum rs_outcome try_others(struct rs_worker *worker, struct rs_attempts *attempts,
                                  unsigned int n, const struct rs_suite *suite)
{
    struct rs_crypt *crypt = &worker->crypts[n];
    enum rs_outcome outcome = RS_UNDECIDED;

    while (outcome == RS_UNDECIDED && !crypt->verified) {
        outcome = rs_opener_next(worker, attempts, &attempts->attempts[n]);
        if (outcome != RS_UNDECIDED)
            break;
        crypt->keys = attempts->attempts[n].sender->keys;
        if (rs_cipher_open_burst(worker->cipher, suite, crypt, 1) != 0)
            outcome = RS_CIPHER_ERROR;
    }
    return outcome;
}

/* Takes the trailer out, moves padding up to the body, and sets lengths and checksum. */
static void shrink(struct rs_worker *worker, struct rs_burst *burst, unsigned int n,
                   unsigned int place)
{
    struct rs_packet *packet = &burst->packets[place];
    uint8_t *body = rs_burst_payload(burst, place);
    const size_t bytes = rs_payload_finish_open(&worker->payloads[n], &worker->crypts[n]);

    if (unlikely(packet->rtp.padding_bytes != 0))
        memmove(body + bytes, body + packet->rtp.payload_bytes, packet->rtp.padding_bytes);
    rs_packet_resize(burst->mbufs[place], &packet->datagram,
                     (int)bytes - (int)packet->rtp.payload_bytes);
    rs_packet_checksum_set(burst->mbufs[place], &packet->datagram, burst->path->tx_offload);
}

/* The end of a packet that has verified: of two copies only the first is opened. */
static enum rs_outcome take(struct rs_worker *worker, struct rs_burst *burst,
                            const struct rs_attempt *attempt, unsigned int n)
{
    struct rs_sender *sender = attempt->sender;

    if (sender == NULL)
        return RS_NO_CAPACITY;
    if (sender->replay != NULL &&
        !rs_replay_accept(sender->replay, rs_ctr_count(attempt->trailer.ctr)))
        return RS_REPLAY;
    burst->opened_tags[attempt->place] = rs_kid_key_tag(attempt->trailer.kid);
    shrink(worker, burst, n, attempt->place);
    return RS_OPENED;
}

/* Verifies and decrypts what is prepared; outcomes stay undecided where that worked. */
static void run_cipher(struct rs_worker *worker, struct rs_burst *burst,
                       struct rs_attempts *attempts, const struct rs_suite *suite)
{
    int rc;

    for (unsigned int n = 0; n < attempts->count; n++)
        worker->crypts[n].keys = attempts->attempts[n].sender->keys;
    rc = rs_cipher_open_burst(worker->cipher, suite, worker->crypts, attempts->count);
    for (unsigned int n = 0; n < attempts->count; n++) {
        const struct rs_attempt *attempt = &attempts->attempts[n];

        burst->outcomes[attempt->place] =
            (uint8_t)(rc != 0 ? RS_CIPHER_ERROR : try_others(worker, attempts, n, suite));
        if (burst->outcomes[attempt->place] == RS_UNDECIDED)
            rs_opener_verified(attempts, attempt);
    }
}

static void open_group(struct rs_worker *worker, struct rs_burst *burst, const uint8_t *group,
                       unsigned int group_count)
{
    const struct rs_suite *suite = burst->streams[group[0]]->suite;
    struct rs_attempts *attempts = &worker->attempts;

    attempts->count = attempts->fresh_count = 0;
    for (unsigned int i = 0; i < group_count; i++) {
        struct rs_attempt *attempt = &attempts->attempts[attempts->count];

        attempt->place = group[i];
        burst->outcomes[group[i]] = (uint8_t)prepare(worker, burst, attempts, attempt);
        attempts->count += burst->outcomes[group[i]] == RS_UNDECIDED;
    }
    run_cipher(worker, burst, attempts, suite);
    rs_opener_settle(worker, attempts);
    for (unsigned int n = 0; n < attempts->count; n++) {
        const struct rs_attempt *attempt = &attempts->attempts[n];

        if (burst->outcomes[attempt->place] == RS_UNDECIDED)
            burst->outcomes[attempt->place] = (uint8_t)take(worker, burst, attempt, n);
    }
}

/* The key tag of a dropped packet that has one, for people to compare; 0 otherwise. */
static uint16_t key_tag_seen(const struct rs_burst *burst, unsigned int place)
{
    const struct rs_rtp *rtp = &burst->packets[place].rtp;
    struct rs_trailer trailer;

    if (rs_wire_parse(rs_burst_payload(burst, place), rtp->payload_bytes, &trailer) != RS_WIRE_OK)
        return 0;
    return rs_kid_key_tag(trailer.kid);
}

/* Lets the stream's state words know how its packets fared. */
static void note(struct rs_worker *worker, const struct rs_burst *burst, unsigned int place)
{
    struct rs_notice *notice = burst->streams[place]->slots[worker->index].notice;
    const enum rs_outcome outcome = (enum rs_outcome)burst->outcomes[place];
    const uint32_t ssrc = burst->packets[place].rtp.ssrc;

    if (outcome == RS_OPENED)
        rs_notice_opened(notice, &worker->to_main, ssrc, burst->opened_tags[place]);
    else if (rs_outcome_is_drop(outcome))
        rs_notice_dropped(notice, &worker->to_main, burst->now_tsc, ssrc, outcome,
                          key_tag_seen(burst, place));
}

void rs_open(struct rs_worker *worker, struct rs_burst *burst)
{
    uint8_t all[RS_BURST_MAX], group[RS_BURST_MAX];
    const unsigned int count = burst->live_count;
    unsigned int n;

    memcpy(all, burst->live, count);
    while ((n = rs_burst_take_suite(burst, group)) > 0) {
        rs_burst_prefetch_senders(burst, worker->index, group, n);
        open_group(worker, burst, group, n);
    }
    for (unsigned int i = 0; i < count; i++)
        note(worker, burst, all[i]);
}
