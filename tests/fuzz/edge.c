/* SPDX-License-Identifier: BSD-3-Clause */
/* One engine and one sender's keys, derived anew for each payload from a base key that all know. */
#include "edge.h"

static struct rs_cipher *cipher;
static struct rs_cipher_keys *keys;
static struct rs_payload payload;

struct rs_fuzz_edge rs_fuzz_edge(uint8_t suite, uint8_t format)
{
    struct rs_fuzz_edge edge = {.suite = &rs_suites[suite % rs_suite_count],
                                .format = {.codec = &rs_codecs[(format & 0x7f) % rs_codec_count],
                                           .is_rtx = (format & 0x80) != 0}};

    edge.other.suite = edge.suite->number;
    edge.other.rtx = edge.format.is_rtx;
    edge.other.codec = (enum other_codec)edge.format.codec->number;
    memset(edge.other.base_key, 0x5a, sizeof(edge.other.base_key));
    return edge;
}

static void derive(const struct rs_fuzz_edge *edge, uint64_t kid)
{
    uint8_t secret[RS_HASH_MAX_BYTES];

    if (cipher == NULL) {
        cipher = rs_cipher_create(RS_ISA_AUTO);
        keys = aligned_alloc(64, rs_cipher_keys_bytes());
        MUST(cipher != NULL && keys != NULL);
    }
    rs_cipher_extract(cipher, edge->suite->hash, edge->other.base_key, sizeof(edge->other.base_key),
                      secret);
    rs_cipher_derive(cipher, edge->suite, secret, kid, keys);
}

size_t rs_fuzz_seal(const struct rs_fuzz_edge *edge, uint64_t kid, uint64_t ctr, uint8_t *body,
                    size_t bytes)
{
    struct rs_crypt crypt;

    derive(edge, kid);
    if (rs_payload_prepare_seal(&payload, edge->suite, edge->format, body, bytes, kid, ctr,
                                &crypt) != RS_SEALED)
        return 0;
    crypt.keys = keys;
    MUST(rs_cipher_seal_burst(cipher, edge->suite, &crypt, 1) == 0);
    return rs_payload_finish_seal(&payload, &crypt);
}

static enum rs_outcome open_in_place(const struct rs_fuzz_edge *edge, uint8_t *sealed,
                                     size_t *bytes)
{
    struct rs_trailer trailer;
    struct rs_crypt crypt;
    enum rs_outcome outcome = rs_payload_parse(sealed, *bytes, edge->suite, &trailer);

    if (outcome != RS_OPENED)
        return outcome;
    outcome = rs_payload_prepare_open(&payload, edge->suite, edge->format, &trailer, sealed, *bytes,
                                      &crypt);
    if (outcome != RS_OPENED)
        return outcome;
    derive(edge, trailer.kid);
    crypt.keys = keys;
    MUST(rs_cipher_open_burst(cipher, edge->suite, &crypt, 1) == 0);
    if (!crypt.verified)
        return RS_AUTH_FAILED;
    *bytes = rs_payload_finish_open(&payload, &crypt);
    return RS_OPENED;
}

enum rs_outcome rs_fuzz_open(const struct rs_fuzz_edge *edge, uint8_t *sealed, size_t *bytes)
{
    const size_t before = *bytes;
    uint8_t *copy = rs_fuzz_copy(sealed, before);
    const enum rs_outcome outcome = open_in_place(edge, sealed, bytes);

    if (outcome != RS_OPENED)
        MUST(*bytes == before && memcmp(sealed, copy, before) == 0);
    free(copy);
    return outcome;
}

static enum rs_outcome outcome_of(enum other_result result)
{
    static const enum rs_outcome outcomes[] = {
        [OTHER_OPENED] = RS_OPENED,
        [OTHER_EMPTY] = RS_EMPTY,
        [OTHER_NOT_SEALED] = RS_NOT_SEALED,
        [OTHER_BAD_VERSION] = RS_BAD_VERSION,
        [OTHER_SUITE_MISMATCH] = RS_SUITE_MISMATCH,
        [OTHER_UNKNOWN_PAYLOAD_TYPE] = RS_UNKNOWN_PAYLOAD_TYPE,
        [OTHER_MALFORMED] = RS_MALFORMED,
        [OTHER_AUTH_FAILED] = RS_AUTH_FAILED,
    };

    return outcomes[result];
}

enum rs_outcome rs_fuzz_compare(const struct rs_fuzz_edge *edge, const uint8_t *sealed,
                                size_t bytes, uint8_t *out, size_t *out_bytes)
{
    static uint8_t others[OTHER_MAX_BYTES];
    uint8_t *copy = rs_fuzz_copy(sealed, bytes);
    size_t other_bytes = 0, ours = bytes;
    const enum rs_outcome other =
        outcome_of(other_open(&edge->other, sealed, bytes, others, &other_bytes));
    const enum rs_outcome outcome = rs_fuzz_open(edge, copy, &ours);

    MUST(outcome == other);
    if (outcome == RS_OPENED) {
        MUST(ours == other_bytes && memcmp(copy, others, ours) == 0);
        memcpy(out, others, other_bytes);
        *out_bytes = other_bytes;
    }
    free(copy);
    return outcome;
}
