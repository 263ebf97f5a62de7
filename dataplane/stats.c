/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The names of the outcomes and the adding up of counters. Names are an interface: operators'
 * queries hang on them, so none changes its meaning.
 */
#include "stats.h"

static const char *const names[] = {
    [RS_BRIDGED] = "bridged",
    [RS_RTCP] = "rtcp",
    [RS_STUN] = "stun",
    [RS_DTLS] = "dtls",
    [RS_ZRTP] = "zrtp",
    [RS_QUIC] = "quic",
    [RS_SEALED] = "sealed",
    [RS_OPENED] = "opened",
    [RS_EMPTY] = "empty",
    [RS_INJECTED] = "injected",
    [RS_PASSED] = "passed",
    [RS_BAD_CHECKSUM] = "bad_checksum",
    [RS_NO_KEY] = "no_key",
    [RS_NO_CAPACITY] = "no_capacity",
    [RS_NO_TAILROOM] = "no_tailroom",
    [RS_TOO_BIG] = "too_big",
    [RS_CIPHER_ERROR] = "cipher_error",
    [RS_NOT_SEALED] = "not_sealed",
    [RS_BAD_VERSION] = "bad_version",
    [RS_SUITE_MISMATCH] = "suite_mismatch",
    [RS_SECRET_MISMATCH] = "secret_mismatch",
    [RS_REPLAY] = "replay",
    [RS_UNKNOWN_PAYLOAD_TYPE] = "unknown_payload_type",
    [RS_MALFORMED] = "malformed",
    [RS_SENDER_LIMIT] = "sender_limit",
    [RS_AUTH_FAILED] = "auth_failed",
    [RS_TX_FULL] = "tx_full",
    [RS_WORKER_FULL] = "worker_full",
    [RS_NO_STREAM] = "no_stream",
    [RS_TRUNCATED] = "truncated",
    [RS_SEGMENTED] = "segmented",
    [RS_FRAGMENT] = "fragment",
    [RS_QUOTED_MEDIA] = "quoted_media",
    [RS_TUNNELLED] = "tunnelled",
    [RS_OPAQUE] = "opaque",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == RS_OUTCOMES, "every outcome has a name");

const char *rs_outcome_name(enum rs_outcome outcome)
{
    return names[outcome];
}

/* Relaxed: a counter may be a few packets old, but never torn. */
static uint64_t load(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add_in_out(struct rs_in_out *sum, const struct rs_in_out *from)
{
    sum->packets_in += load(&from->packets_in);
    sum->bytes_in += load(&from->bytes_in);
    sum->packets_out += load(&from->packets_out);
    sum->bytes_out += load(&from->bytes_out);
}

void rs_counters_add(struct rs_counters *sum, const struct rs_counters *from)
{
    add_in_out(&sum->in_out, &from->in_out);
    for (size_t i = 0; i < RS_OUTCOMES; i++)
        sum->outcomes[i] += load(&from->outcomes[i]);
}

void rs_counters_add_stream(struct rs_counters *sum, const struct rs_stream_counters *from)
{
    add_in_out(&sum->in_out, &from->in_out);
    for (size_t i = 0; i < RS_STREAM_OUTCOMES; i++)
        sum->outcomes[RS_SEALED + i] += load(&from->outcomes[i]);
}

uint64_t rs_stream_counters_get(const struct rs_stream_counters *counters, enum rs_outcome outcome)
{
    return load(&counters->outcomes[(size_t)outcome - RS_SEALED]);
}
