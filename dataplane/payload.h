/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One RTP payload between its plain and its sealed form: layout, authenticated data, gathered text,
 * trailer. No DPDK, no keys, no cryptography: a caller prepares up to RS_BURST_MAX payloads, hands
 * their struct rs_crypt to the cipher as one burst, and finishes each.
 *
 *     plain    body
 *     sealed   body' | tag (Nt) | SFrame header (17) | T (1)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cipher.h"
#include "format.h"
#include "stats.h"
#include "suite.h"
#include "wire.h"

enum {
    RS_PAYLOAD_MAX_BYTES = 9600, /* the longest body: a jumbo frame's */
    RS_PAYLOAD_OVERHEAD_MAX = RS_TAG_MAX_BYTES + RS_WIRE_TRAILER_BYTES,
    RS_PAYLOAD_AAD_BYTES = RS_WIRE_TRAILER_BYTES + 1, /* header, T, codec number */
};

/*
 * A payload on its way, and the memory it needs between prepare and finish: one per packet of a
 * burst, used again without being cleared. Owner: one worker. Nobody else looks inside.
 */
struct rs_payload {
    uint8_t *body;
    struct rs_layout layout;
    uint16_t body_bytes;
    uint16_t overhead;
    /* The first of them on the cache line of what is above: most payloads have one. */
    struct rs_run runs[RS_LAYOUT_MAX_RUNS(RS_PAYLOAD_MAX_BYTES)];
    uint8_t
        message[RS_AAD_HEADROOM + RS_PAYLOAD_AAD_BYTES + RS_PAYLOAD_MAX_BYTES + RS_TEXT_TAILROOM];
} __attribute__((aligned(64)));

/* How many bytes sealing adds. Pure. */
static inline size_t rs_payload_overhead(const struct rs_suite *suite)
{
    return suite->nt + (size_t)RS_WIRE_TRAILER_BYTES;
}

/*
 * Lays out the `bytes` (at least 1) of plain body at `body`, which has rs_payload_overhead() bytes
 * of room behind it: sealed whole where the format has no rule or the body does not parse by it.
 * Writes the trailer, grows the last aggregated unit's size, and fills *crypt but for `keys`, which
 * the caller sets. What is sealed lies in the packet itself where it is one piece. Returns
 * RS_SEALED, or RS_TOO_BIG with the packet untouched. Worker; no allocation.
 */
enum rs_outcome rs_payload_prepare_seal(struct rs_payload *payload, const struct rs_suite *suite,
                                        struct rs_format format, uint8_t *body, size_t bytes,
                                        uint64_t kid, uint64_t ctr, struct rs_crypt *crypt);

/* Whether what is sealed was gathered from several places, and has to be put back. */
static inline bool rs_payload_is_gathered(const struct rs_payload *payload)
{
    return payload->layout.run_count > 1;
}

/* Lends the cipher what lies between `buffer`, where the packet's memory begins, and a text that is
 * in the packet itself: headers and headroom. After prepare. */
static inline void rs_payload_lend(const struct rs_payload *payload, const void *buffer,
                                   struct rs_crypt *crypt)
{
    if (payload->layout.run_count == 1)
        crypt->lent_bytes = (uint32_t)(crypt->text - (const uint8_t *)buffer);
}

/* Puts gathered text back where it came from. */
void rs_payload_scatter(struct rs_payload *payload, const uint8_t *text);

/* After rs_cipher_seal_burst: puts gathered text back. Returns the sealed payload's bytes. */
static inline size_t rs_payload_finish_seal(struct rs_payload *payload,
                                            const struct rs_crypt *crypt)
{
    if (rs_payload_is_gathered(payload))
        rs_payload_scatter(payload, crypt->text);
    return (size_t)payload->body_bytes + payload->overhead;
}

/*
 * The first questions to a payload that should be sealed, in the wire format's order: returns
 * RS_EMPTY, RS_NOT_SEALED, RS_BAD_VERSION, RS_SUITE_MISMATCH, or RS_OPENED where nothing speaks
 * against it yet; *trailer is set only then. Any thread; pure.
 */
static inline enum rs_outcome rs_payload_parse(const uint8_t *sealed, size_t bytes,
                                               const struct rs_suite *suite,
                                               struct rs_trailer *trailer)
{
    struct rs_trailer parsed;

    if (bytes == 0)
        return RS_EMPTY;
    switch (rs_wire_parse(sealed, bytes, &parsed)) {
    case RS_WIRE_OK:
        break;
    case RS_WIRE_NOT_SEALED:
        return RS_NOT_SEALED;
    case RS_WIRE_BAD_VERSION:
        return RS_BAD_VERSION;
    }
    if (rs_kid_suite_code(parsed.kid) != suite->code)
        return RS_SUITE_MISMATCH;
    if (bytes < rs_payload_overhead(suite))
        return RS_NOT_SEALED;
    *trailer = parsed;
    return RS_OPENED;
}

/*
 * Lays out a sealed payload that rs_payload_parse let through and fills *crypt but for `keys`.
 * `format` is what the stream says of the payload type. Changes nothing in the packet.
 * Returns RS_OPENED where it can go to the cipher, RS_UNKNOWN_PAYLOAD_TYPE, RS_MALFORMED or
 * RS_TOO_BIG. Worker; no allocation.
 */
enum rs_outcome rs_payload_prepare_open(struct rs_payload *payload, const struct rs_suite *suite,
                                        struct rs_format format, const struct rs_trailer *trailer,
                                        uint8_t *sealed, size_t bytes, struct rs_crypt *crypt);

/*
 * After rs_cipher_open_burst, for a `verified` payload only: puts gathered text back and restores
 * the last unit's size. Returns the body's bytes. One that did not verify is left as it came, and
 * the same *crypt may go to the cipher again with other keys.
 */
size_t rs_payload_finish_open(struct rs_payload *payload, const struct rs_crypt *crypt);
