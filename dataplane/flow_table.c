/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow table: DPDK's hash in its lock-free form, and which shapes it has entries of. What the
 * keys lead to lives in table.c.
 */
#include "flow_table.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <rte_hash.h>
#include <rte_memory.h>

#include "cache_line.h"
#include "log.h"

struct rs_flow_table {
    struct rte_hash *hash;
    /* worker: r, main: w when something changes */
    _Atomic uint64_t version;
    _Atomic uint32_t shapes[RS_MAX_LINKS][RS_DIRECTIONS];
    uint32_t entries[RS_MAX_LINKS][RS_DIRECTIONS][RS_SHAPES] RS_OWN_LINE; /* main */
};

/* ---- changing ----------------------------------------------------------------------------- */

static void count_shape(struct rs_flow_table *table, const struct rs_flow_key *key, int change)
{
    const uint32_t *entries = table->entries[key->link][key->direction];
    _Atomic uint32_t *shapes = &table->shapes[key->link][key->direction];
    uint32_t bits = 0;

    table->entries[key->link][key->direction][key->shape] += (uint32_t)change;
    for (unsigned int s = 0; s < RS_SHAPES; s++)
        bits |= entries[s] > 0 ? 1u << s : 0;
    /* Workers read it once a burst: it is left alone where nothing changes. */
    if (bits != atomic_load_explicit(shapes, memory_order_relaxed))
        atomic_store_explicit(shapes, bits, memory_order_release);
}

/* After the change, and before a grace period begins that ends what was taken out. Release: pairs
 * with rs_flow_table_version. */
static void count_change(struct rs_flow_table *table)
{
    atomic_store_explicit(&table->version,
                          atomic_load_explicit(&table->version, memory_order_relaxed) + 1,
                          memory_order_release);
}

struct rs_stream *rs_flow_table_get(const struct rs_flow_table *table,
                                    const struct rs_flow_key *key)
{
    void *stream;

    return rte_hash_lookup_data(table->hash, key, &stream) >= 0 ? stream : NULL;
}

int rs_flow_table_put(struct rs_flow_table *table, const struct rs_flow_key *key,
                      struct rs_stream *stream, int32_t *position)
{
    const bool taken_over = rte_hash_lookup(table->hash, key) >= 0;

    /* Of a key that is there the hash replaces the data alone, with one atomic store. */
    if (rte_hash_add_key_data(table->hash, key, stream) != 0)
        return -ENOSPC;
    *position = rte_hash_lookup(table->hash, key);
    if (!taken_over)
        count_shape(table, key, 1);
    count_change(table);
    return 0;
}

void rs_flow_table_take_out(struct rs_flow_table *table, const struct rs_flow_key *key)
{
    rte_hash_del_key(table->hash, key);
    count_shape(table, key, -1);
    count_change(table);
}

void rs_flow_table_free_position(struct rs_flow_table *table, int32_t position)
{
    rte_hash_free_key_with_position(table->hash, position);
}

/* ---- finding ------------------------------------------------------------------------------ */

struct rs_stream *rs_flow_table_find(const struct rs_flow_table *table,
                                     const struct rs_flow_key *key)
{
    struct rs_stream *found = NULL;

    for (unsigned int shape = RS_SHAPES; shape-- > 0 && found == NULL;) {
        struct rs_flow_key reduced = *key;

        rs_flow_key_reduce(&reduced, shape);
        found = rs_flow_table_get(table, &reduced);
    }
    return found;
}

uint64_t rs_flow_table_version(const struct rs_flow_table *table)
{
    return atomic_load_explicit(&table->version, memory_order_acquire);
}

uint32_t rs_flow_table_shapes(const struct rs_flow_table *table, unsigned int link,
                              enum rs_direction direction)
{
    return atomic_load_explicit(&table->shapes[link][direction], memory_order_acquire);
}

void rs_flow_table_find_burst(const struct rs_flow_table *table, const struct rs_flow_key *keys[],
                              unsigned int n, struct rs_stream *found[])
{
    void *data[RTE_HASH_LOOKUP_BULK_MAX];
    uint64_t hits = 0;

    rte_hash_lookup_bulk_data(table->hash, (const void **)(uintptr_t)keys, n, &hits, data);
    for (unsigned int i = 0; i < n; i++)
        found[i] = hits >> i & 1 ? data[i] : NULL;
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

struct rs_flow_table *rs_flow_table_create(uint32_t max_keys)
{
    struct rs_flow_table *table = rs_lines_alloc(sizeof(*table));
    struct rte_hash_parameters parameters = {
        .name = "rs_flows",
        /* a cuckoo table takes its last few entries unwillingly */
        .entries = max_keys + max_keys / 4 + 64,
        .key_len = sizeof(struct rs_flow_key),
        .socket_id = SOCKET_ID_ANY,
        .extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
    };

    if (table == NULL)
        return NULL;
    table->hash = rte_hash_create(&parameters);
    if (table->hash == NULL) {
        rs_log(RS_LOG_ERROR, "limits.streams: no memory for %u streams; raise memory.mb", max_keys);
        free(table);
        errno = ENOMEM;
        return NULL;
    }
    return table;
}

void rs_flow_table_destroy(struct rs_flow_table *table)
{
    if (table == NULL)
        return;
    rte_hash_free(table->hash);
    free(table);
}
