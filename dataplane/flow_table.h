/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow table: from a key to the stream that packets of it belong to. Main changes it, workers
 * look things up in it under RCU, without a lock.
 */
#pragma once

#include <stdint.h>

#include "flow_key.h"

struct rs_flow_table;
struct rs_stream;

/* Where a key lies in the table, from 0 on. It stays the key's until it is freed. */
enum { RS_NO_POSITION = -1 };

/* Makes a table for `max_keys` keys, or NULL with errno, logged. Cold. */
struct rs_flow_table *rs_flow_table_create(uint32_t max_keys);
void rs_flow_table_destroy(struct rs_flow_table *table);

/* ---- main --------------------------------------------------------------------------------- */

/* The stream that has the key, or NULL. */
struct rs_stream *rs_flow_table_get(const struct rs_flow_table *table,
                                    const struct rs_flow_key *key);

/*
 * Adds a key. A key that is there changes hands instead, which each worker sees at once and whole;
 * that never fails. Returns 0 with *position set, or -ENOSPC.
 */
int rs_flow_table_put(struct rs_flow_table *table, const struct rs_flow_key *key,
                      struct rs_stream *stream, int32_t *position);

/* Takes a key out. Its position is not used again before it is freed, which is for after a grace
 * period: a worker may still be reading there. */
void rs_flow_table_take_out(struct rs_flow_table *table, const struct rs_flow_key *key);
void rs_flow_table_free_position(struct rs_flow_table *table, int32_t position);

/* The stream that a packet belongs to, of which `key` says everything; NULL: none. The same as a
 * worker finds by shapes and bursts. */
struct rs_stream *rs_flow_table_find(const struct rs_flow_table *table,
                                     const struct rs_flow_key *key);

/* ---- workers ------------------------------------------------------------------------------ */

/*
 * Counts the changes. What was found after it was read holds until it is read as another: a stream
 * that has lost a flow is not freed before each worker has had a quiescent state and read it anew.
 */
uint64_t rs_flow_table_version(const struct rs_flow_table *table);

/* The shapes that (link, direction) has keys of: bit s is set for enum rs_shape s. */
uint32_t rs_flow_table_shapes(const struct rs_flow_table *table, unsigned int link,
                              enum rs_direction direction);

/*
 * Finds n <= 64 keys at once. Sets found[i] to the stream or NULL. What it finds is good until the
 * worker's next quiescent state.
 */
void rs_flow_table_find_burst(const struct rs_flow_table *table, const struct rs_flow_key *keys[],
                              unsigned int n, struct rs_stream *found[]);
