/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts together by hand what the dataplane makes for a worker, and nothing of its loop. */
#include "tests/support/sender_bench.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_eal.h>

#include "dataplane/secret.h"

bool rs_sender_bench_start_eal(void)
{
    static char name[] = "sender", no_huge[] = "--no-huge", no_shconf[] = "--no-shconf",
                no_pci[] = "--no-pci", memory[] = "-m", mb[] = "128",
                no_telemetry[] = "--no-telemetry";
    static char *arguments[] = {name, no_huge, no_shconf, no_pci, memory, mb, no_telemetry};

    rs_secret_set_policy(RS_LOCK_TRIED);
    return rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), arguments) >= 0;
}

struct rs_stream *rs_sender_bench_stream(enum rs_direction direction, const char *suite)
{
    const size_t bytes = sizeof(struct rs_stream) + 2 * sizeof(struct rs_stream_slot);
    struct rs_stream *stream = aligned_alloc(64, (bytes + 63) / 64 * 64);

    CU_ASSERT_FATAL(stream != NULL);
    memset(stream, 0, bytes);
    stream->direction = direction;
    stream->suite = rs_suite_find(suite);
    stream->replay_window = 1024;
    stream->slots[0].release.subject = stream;
    TAILQ_INIT(&stream->slots[0].senders);
    return stream;
}

void rs_sender_bench_set_up(struct rs_sender_bench *bench, uint32_t count,
                            enum rs_direction direction, const char *suite)
{
    static const uint8_t base_key[32] = "thirty-two bytes of a base key";

    bench->cipher = rs_cipher_create(RS_ISA_AUTO);
    bench->pool = rs_sender_pool_create(count, 1);
    CU_ASSERT_FATAL(bench->cipher != NULL && bench->pool != NULL);
    bench->senders = rs_senders_create(bench->pool, bench->cipher, 0);
    bench->keys = rs_keys_create(bench->cipher, 1, NULL, NULL, -1);
    CU_ASSERT_FATAL(bench->senders != NULL && bench->keys != NULL);
    bench->key = rs_key_create(bench->keys, base_key, sizeof(base_key));
    CU_ASSERT_FATAL(bench->key != NULL);
    bench->stream = rs_sender_bench_stream(direction, suite);
    CU_ASSERT_EQUAL_FATAL(rs_sender_pool_prepare(bench->pool, bench->stream->suite), 0);
}

void rs_sender_bench_tear_down(struct rs_sender_bench *bench)
{
    rs_senders_destroy(bench->senders);
    rs_sender_pool_destroy(bench->pool);
    rs_keys_destroy(bench->keys);
    rs_cipher_destroy(bench->cipher);
    free(bench->stream);
}

struct rs_stream_slot *rs_sender_bench_slot(struct rs_sender_bench *bench)
{
    return &bench->stream->slots[0];
}
