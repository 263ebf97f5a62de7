/* SPDX-License-Identifier: BSD-3-Clause */
/* A hash map from strings to structs that embed a node. One thread; nothing is copied. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rs_map_node {
    const char *key; /* the owner's, for as long as the node is in a map */
    uint64_t hash;
    struct rs_map_node *next;
};

struct rs_map {
    struct rs_map_node **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    uint64_t seed; /* random, so that chosen ids do not collide */
};

/* Returns 0, or -ENOMEM. */
int rs_map_init(struct rs_map *map);

/* Frees the map's own memory; the nodes are their owners'. */
void rs_map_fini(struct rs_map *map);

/* Adds a node under node->key, which must not be in the map yet. Cannot fail. */
void rs_map_add(struct rs_map *map, struct rs_map_node *node);

/* Removes a node that is in the map. */
void rs_map_remove(struct rs_map *map, struct rs_map_node *node);

/* Borrowed node, or NULL. */
struct rs_map_node *rs_map_find(const struct rs_map *map, const char *key);
