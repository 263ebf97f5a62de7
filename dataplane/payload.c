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

static bool is_gathered(const struct rs_payload *payload)
{
    return payload->layout.run_count > 1;
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

/* Copies all clear bytes, in wire order, and returns the end of the copy. */
static uint8_t *copy_clear(const struct rs_payload *payload, uint8_t *to)
{
    const uint8_t *from = payload->body + payload->layout.free;

    for (size_t i = 0; i < payload->layout.run_count; i++) {
        const struct rs_run *run = &payload->runs[i];

        memcpy(to, from, run->clear);
        to += run->clear;
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

static void scatter(const struct rs_payload *payload, const uint8_t *from)
{
    uint8_t *to = payload->body + payload->layout.free;

    for (size_t i = 0; i < payload->layout.run_count; i++) {
        const struct rs_run *run = &payload->runs[i];

        memcpy(to + run->clear, from, run->sealed);
        from += run->sealed;
        to += run->clear + run->sealed;
    }
}

/*
 * Fills *crypt from a layout and a trailer that are in place:
 *
 *     aad = SFrame header | T | codec number | clear bytes
 */
static void fill(struct rs_payload *payload, const struct rs_suite *suite,
                 enum rs_codec_number codec, uint64_t ctr, struct rs_crypt *crypt)
{
    uint8_t *const aad = aad_of(payload);
    uint8_t *end;

    crypt->tag = payload->body + payload->body_bytes;
    memcpy(aad, crypt->tag + suite->nt, RS_WIRE_TRAILER_BYTES);
    aad[RS_WIRE_TRAILER_BYTES] = (uint8_t)codec;
    end = copy_clear(payload, aad + RS_PAYLOAD_AAD_BYTES);
    crypt->ctr = ctr;
    crypt->aad = aad;
    crypt->aad_bytes = (uint32_t)(end - aad);
    crypt->verified = false;
    if (is_gathered(payload)) {
        crypt->text = end;
        crypt->text_bytes = (uint32_t)gather(payload, end);
    } else if (payload->layout.run_count == 1) {
        crypt->text = payload->body + payload->layout.free + payload->runs[0].clear;
        crypt->text_bytes = payload->runs[0].sealed;
    } else {
        crypt->text = end;
        crypt->text_bytes = 0;
    }
}

/* `body` is what the codec sees: without tag and trailer. */
static void start(struct rs_payload *payload, const struct rs_suite *suite, uint8_t *body,
                  size_t body_bytes)
{
    payload->body = body;
    payload->body_bytes = (uint16_t)body_bytes;
    payload->overhead = (uint16_t)rs_payload_overhead(suite);
    payload->layout = (struct rs_layout){.runs = payload->runs};
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
        start(payload, suite, body, bytes);
        rs_format_layout_whole(format, bytes, &payload->layout);
        trailer.whole = true;
    }
    rs_wire_write(&trailer, body + bytes + suite->nt);
    change_last_size(payload, payload->overhead);
    fill(payload, suite, trailer.whole ? RS_CODEC_OTHER : format.codec->number, ctr, crypt);
    return RS_SEALED;
}

size_t rs_payload_finish_seal(struct rs_payload *payload, const struct rs_crypt *crypt)
{
    if (is_gathered(payload))
        scatter(payload, crypt->text);
    return (size_t)payload->body_bytes + payload->overhead;
}

enum rs_outcome rs_payload_parse(const uint8_t *sealed, size_t bytes, const struct rs_suite *suite,
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
    fill(payload, suite, trailer->whole ? RS_CODEC_OTHER : format.codec->number, trailer->ctr,
         crypt);
    return RS_OPENED;
}

size_t rs_payload_finish_open(struct rs_payload *payload, const struct rs_crypt *crypt)
{
    if (is_gathered(payload))
        scatter(payload, crypt->text);
    change_last_size(payload, -(int)payload->overhead);
    return payload->body_bytes;
}
