/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between plain and sealed payload: which bytes go to the cipher and what is authenticated beside
 * them. Text of one piece stays in the packet; text of several is gathered behind the aad, where an
 * HMAC wants it anyway.
 */
#include "payload.h"

#include <string.h>

static uint8_t *aad_of(struct rs_payload *payload)
{
    return payload->message + RS_AAD_HEADROOM;
}

static void change_last_size(const struct rs_payload *payload, int by)
{
    uint8_t *size = payload->body + payload->layout.last_size_offset;
    int value;

    if (payload->layout.last_size_offset == 0)
        return;
    value = (size[0] << 8 | size[1]) + by;
    size[0] = (uint8_t)(value >> 8);
    size[1] = (uint8_t)value;
}

/* Few bytes: cheaper than a call of memcpy where its size is not known. */
static uint8_t *copy_few(uint8_t *to, const uint8_t *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = from[i];
    return to + bytes;
}

/* Copies all clear bytes, in wire order, and returns the end of the copy. */
static uint8_t *copy_clear(const struct rs_payload *payload, uint8_t *to)
{
    const uint8_t *from = payload->body + payload->layout.free;

    for (size_t i = 0; i < payload->layout.run_count; i++) {
        const struct rs_run *run = &payload->runs[i];

        to = copy_few(to, from, run->clear);
        from += run->clear + run->sealed;
    }
    return to;
}

/* Copies all sealed bytes, in wire order, and returns how many. */
static size_t gather(const struct rs_payload *payload, uint8_t *to)
{
    const uint8_t *from = payload->body + payload->layout.free;
    const uint8_t *const start = to;

    for (size_t i = 0; i < payload->layout.run_count; i++) {
        const struct rs_run *run = &payload->runs[i];

        memcpy(to, from + run->clear, run->sealed);
        to += run->sealed;
        from += run->clear + run->sealed;
    }
    return (size_t)(to - start);
}

void rs_payload_scatter(struct rs_payload *payload, const uint8_t *text)
{
    uint8_t *to = payload->body + payload->layout.free;

    for (size_t i = 0; i < payload->layout.run_count; i++) {
        const struct rs_run *run = &payload->runs[i];

        memcpy(to + run->clear, text, run->sealed);
        text += run->sealed;
        to += run->clear + run->sealed;
    }
}

/*
 *     aad = SFrame header | T | codec number | clear bytes
 *
 * The trailer is written a second time, which is faster than reading again what was just written.
 * Returns the aad's bytes.
 */
static inline uint32_t write_aad(const struct rs_payload *payload, enum rs_codec_number codec,
                                 const struct rs_trailer *trailer, uint8_t *aad)
{
    rs_wire_write(trailer, aad);
    aad[RS_WIRE_TRAILER_BYTES] = (uint8_t)codec;
    return (uint32_t)(copy_clear(payload, aad + RS_PAYLOAD_AAD_BYTES) - aad);
}

/* Fills *crypt from a layout and a trailer. What has no tag has nothing to authenticate. */
static inline __attribute__((always_inline)) void
fill(struct rs_payload *payload, const struct rs_suite *suite, enum rs_codec_number codec,
     const struct rs_trailer *trailer, struct rs_crypt *crypt)
{
    uint8_t *const aad = aad_of(payload);

    crypt->tag = payload->body + payload->body_bytes;
    crypt->ctr = trailer->ctr;
    crypt->aad = aad;
    crypt->aad_bytes = suite->nt == 0 ? 0 : write_aad(payload, codec, trailer, aad);
    crypt->lent_bytes = 0;
    crypt->verified = false;
    if (payload->layout.run_count == 1) {
        crypt->text = payload->body + payload->layout.free + payload->runs[0].clear;
        crypt->text_bytes = payload->runs[0].sealed;
    } else {
        crypt->text = aad + crypt->aad_bytes;
        crypt->text_bytes = (uint32_t)gather(payload, crypt->text);
    }
}

/* `body` is what the codec sees: without tag and trailer. */
static void start(struct rs_payload *payload, const struct rs_suite *suite, uint8_t *body,
                  size_t body_bytes)
{
    payload->body = body;
    payload->body_bytes = (uint16_t)body_bytes;
    payload->overhead = (uint16_t)rs_payload_overhead(suite);
    payload->layout.runs = payload->runs;
}

enum rs_outcome rs_payload_prepare_seal(struct rs_payload *payload, const struct rs_suite *suite,
                                        struct rs_format format, uint8_t *body, size_t bytes,
                                        uint64_t kid, uint64_t ctr, struct rs_crypt *crypt)
{
    struct rs_trailer trailer = {.kid = kid, .ctr = ctr};

    if (bytes > RS_PAYLOAD_MAX_BYTES)
        return RS_TOO_BIG;
    start(payload, suite, body, bytes);
    if (!rs_format_layout(format, body, bytes, 0, &payload->layout)) {
        rs_format_layout_whole(format, bytes, &payload->layout);
        trailer.whole = true;
    }
    rs_wire_write(&trailer, body + bytes + suite->nt);
    change_last_size(payload, payload->overhead);
    fill(payload, suite, trailer.whole ? RS_CODEC_OTHER : format.codec->number, &trailer, crypt);
    return RS_SEALED;
}

enum rs_outcome rs_payload_prepare_open(struct rs_payload *payload, const struct rs_suite *suite,
                                        struct rs_format format, const struct rs_trailer *trailer,
                                        uint8_t *sealed, size_t bytes, struct rs_crypt *crypt)
{
    const size_t overhead = rs_payload_overhead(suite);
    const size_t body_bytes = bytes - overhead;

    if (!trailer->whole && !rs_format_has_rule(format))
        return RS_UNKNOWN_PAYLOAD_TYPE;
    if (body_bytes > RS_PAYLOAD_MAX_BYTES)
        return RS_TOO_BIG;
    start(payload, suite, sealed, body_bytes);
    if (trailer->whole)
        rs_format_layout_whole(format, body_bytes, &payload->layout);
    else if (!rs_format_layout(format, sealed, body_bytes, overhead, &payload->layout))
        return RS_MALFORMED;
    fill(payload, suite, trailer->whole ? RS_CODEC_OTHER : format.codec->number, trailer, crypt);
    return RS_OPENED;
}

size_t rs_payload_finish_open(struct rs_payload *payload, const struct rs_crypt *crypt)
{
    if (rs_payload_is_gathered(payload))
        rs_payload_scatter(payload, crypt->text);
    change_last_size(payload, -(int)payload->overhead);
    return payload->body_bytes;
}
