/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chained hash map with intrusive nodes that doubles as it fills. Without memory to grow it goes
 * on with longer chains. It knows nothing of what the nodes are part of.
 */
#include "map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_BUCKETS = 64 };

/* FNV-1a, seeded, with a final mix. */
static uint64_t hash_key(const struct rs_map *map, const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u ^ map->seed;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    hash ^= hash >> 32;
    return hash * 0x9e3779b97f4a7c15u;
}

static struct rs_map_node **bucket_of(const struct rs_map *map, uint64_t hash)
{
    return &map->buckets[(hash >> 20) & (map->bucket_count - 1)];
}

int rs_map_init(struct rs_map *map)
{
    memset(map, 0, sizeof(*map));
    map->buckets = calloc(FIRST_BUCKETS, sizeof(map->buckets[0]));
    if (map->buckets == NULL)
        return -ENOMEM;
    map->bucket_count = FIRST_BUCKETS;
    if (getrandom(&map->seed, sizeof(map->seed), 0) != sizeof(map->seed))
        map->seed = (uintptr_t)map;
    return 0;
}

void rs_map_fini(struct rs_map *map)
{
    free(map->buckets);
    memset(map, 0, sizeof(*map));
}

static void insert(struct rs_map *map, struct rs_map_node *node)
{
    struct rs_map_node **bucket = bucket_of(map, node->hash);

    node->next = *bucket;
    *bucket = node;
}

static void grow(struct rs_map *map)
{
    struct rs_map_node **old = map->buckets;
    const size_t old_count = map->bucket_count;
    struct rs_map_node **buckets = calloc(old_count * 2, sizeof(buckets[0]));

    if (buckets == NULL)
        return;
    map->buckets = buckets;
    map->bucket_count = old_count * 2;
    for (size_t i = 0; i < old_count; i++) {
        for (struct rs_map_node *node = old[i], *next; node != NULL; node = next) {
            next = node->next;
            insert(map, node);
        }
    }
    free(old);
}

void rs_map_add(struct rs_map *map, struct rs_map_node *node)
{
    if (map->count >= map->bucket_count)
        grow(map);
    node->hash = hash_key(map, node->key);
    insert(map, node);
    map->count++;
}

void rs_map_remove(struct rs_map *map, struct rs_map_node *node)
{
    struct rs_map_node **link = bucket_of(map, node->hash);

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    map->count--;
}

struct rs_map_node *rs_map_find(const struct rs_map *map, const char *key)
{
    const uint64_t hash = hash_key(map, key);
    struct rs_map_node *node = *bucket_of(map, hash);

    while (node != NULL && (node->hash != hash || strcmp(node->key, key) != 0))
        node = node->next;
    return node;
}
