/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings of session keys: which key is staged, active, previous. Each change builds a new ring and
 * publishes it with one pointer swap; the old ring goes after a grace period. What happens to a
 * single key is key.c's.
 */
#include "keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

enum { BASE_KEY_MIN_BYTES = 32, BASE_KEY_MAX_BYTES = 64 };

/* What an ended session has. */
static struct rs_keyring no_keys;

static void free_ring(struct rs_rcu_head *head)
{
    free(caa_container_of(head, struct rs_keyring, rcu));
}

struct rs_keyring *rs_keyring_create(void)
{
    return rs_lines_alloc(sizeof(struct rs_keyring));
}

static struct rs_keyring *copy_ring(const struct rs_keyring *ring)
{
    struct rs_keyring *copy = rs_keyring_create();

    if (copy != NULL) {
        *copy = *ring;
        memset(&copy->rcu, 0, sizeof(copy->rcu));
    }
    return copy;
}

static void publish(struct rs_session *session, struct rs_keyring *ring)
{
    struct rs_keyring *old = session->ring;

    rs_rcu_publish(session->ring, ring);
    rs_rcu_after_grace(&old->rcu, free_ring);
}

static unsigned int position_of(const struct rs_keyring *ring, const struct rs_key *key)
{
    unsigned int i = 0;

    while (i < ring->count && ring->keys[i] != key)
        i++;
    return i;
}

static void take_out(struct rs_keyring *ring, unsigned int position)
{
    ring->count--;
    memmove(&ring->keys[position], &ring->keys[position + 1],
            (ring->count - position) * sizeof(ring->keys[0]));
}

static void put_in_front(struct rs_keyring *ring, struct rs_key *key)
{
    memmove(&ring->keys[1], &ring->keys[0], ring->count * sizeof(ring->keys[0]));
    ring->keys[0] = key;
    ring->count++;
}

static struct rs_key *find_epoch(const struct rs_keyring *ring, uint32_t epoch)
{
    for (unsigned int i = 0; i < ring->count; i++) {
        if (ring->keys[i]->epoch == epoch)
            return ring->keys[i];
    }
    return NULL;
}

static unsigned int previous_count(const struct rs_keyring *ring)
{
    return ring->count - ring->has_staged - (ring->active != NULL ? 1 : 0);
}

bool rs_keyring_holds(const struct rs_keyring *ring, const struct rs_key *key)
{
    return position_of(ring, key) < ring->count;
}

/* The ring's key with the same secret, or NULL; in time that does not depend on the secrets. */
static struct rs_key *find_same(const struct rs_keyring *ring, const struct rs_key *key)
{
    struct rs_key *same = NULL;

    for (unsigned int i = 0; i < ring->count; i++) {
        if (rs_secret_equal(ring->keys[i]->by_hash, key->by_hash, sizeof(key->by_hash)))
            same = ring->keys[i];
    }
    return same;
}

static bool tag_taken(const struct rs_keyring *ring, const struct rs_key *key)
{
    for (unsigned int i = 0; i < ring->count; i++) {
        for (unsigned int h = 0; h < RS_HASHES; h++) {
            if (ring->keys[i]->by_hash[h].tag == key->by_hash[h].tag)
                return true;
        }
    }
    return false;
}

/* Publishes a ring with `key` staged, taken from among the previous ones if it is there. */
static int publish_staged(struct rs_session *session, struct rs_key *key)
{
    struct rs_keyring *ring = copy_ring(session->ring);
    unsigned int position;

    if (ring == NULL)
        return -ENOMEM;
    position = position_of(ring, key);
    if (position < ring->count)
        take_out(ring, position);
    put_in_front(ring, key);
    ring->has_staged = 1;
    publish(session, ring);
    return 0;
}

static int stage_new(struct rs_session *session, struct rs_key *key, uint32_t epoch)
{
    int rc;

    if (session->ring->has_staged || previous_count(session->ring) == RS_PREVIOUS_MAX)
        return -EBUSY;
    if (session->tagless_streams > 0 && tag_taken(session->ring, key))
        return -EEXIST;
    rc = publish_staged(session, key);
    if (rc == 0) {
        key->epoch = epoch;
        key->session = session;
        LIST_INSERT_HEAD(&session->keys, key, session_entry);
    }
    return rc;
}

static int stage_again(struct rs_session *session, struct rs_key *key, uint32_t epoch,
                       enum rs_staging *staging)
{
    int rc;

    *staging = RS_STAGED_ACTIVE;
    if (key == session->ring->active)
        return 0;
    if (session->ring->has_staged)
        return -EBUSY;
    rc = publish_staged(session, key);
    if (rc == 0) {
        key->epoch = epoch;
        *staging = RS_STAGED_AGAIN;
    }
    return rc;
}

int rs_keyring_stage(struct rs_keys *keys, struct rs_session *session, const uint8_t *base_key,
                     size_t bytes, uint32_t epoch, enum rs_staging *staging,
                     struct rs_key_info *info)
{
    enum rs_staging result = RS_STAGED_NEW;
    struct rs_key *key, *same;
    int rc;

    if (bytes < BASE_KEY_MIN_BYTES || bytes > BASE_KEY_MAX_BYTES)
        return -EINVAL;
    key = rs_key_create(keys, base_key, bytes);
    if (key == NULL)
        return -ENOMEM;
    same = find_same(session->ring, key);
    if (same != NULL) {
        rs_key_free(key);
        key = same;
        rc = stage_again(session, key, epoch, &result);
    } else {
        rc = stage_new(session, key, epoch);
        if (rc != 0)
            rs_key_free(key);
    }
    if (rc == 0) {
        *staging = result;
        rs_key_get_info(key, info);
    }
    return rc;
}

int rs_keyring_activate(struct rs_session *session, uint32_t *replaced_epoch)
{
    struct rs_keyring *ring;
    struct rs_key *key;

    if (!session->ring->has_staged)
        return -ENOENT;
    ring = copy_ring(session->ring);
    if (ring == NULL)
        return -ENOMEM;
    key = ring->keys[0];
    *replaced_epoch = ring->active != NULL ? ring->active->epoch : 0;
    ring->has_staged = 0;
    ring->active = key;
    rs_key_start_activation(key);
    publish(session, ring);
    rs_key_watch_activation(key);
    return 0;
}

int rs_keyring_retire(struct rs_session *session, uint32_t epoch)
{
    struct rs_key *key = find_epoch(session->ring, epoch);
    struct rs_keyring *ring;
    unsigned int position;

    if (key == NULL)
        return -ENOENT;
    if (key == session->ring->active)
        return -EBUSY;
    ring = copy_ring(session->ring);
    if (ring == NULL)
        return -ENOMEM;
    position = position_of(ring, key);
    if (position == 0 && ring->has_staged)
        ring->has_staged = 0;
    take_out(ring, position);
    publish(session, ring);
    rs_key_retire(key);
    return 0;
}

int rs_keyring_retire_all(struct rs_session *session)
{
    const struct rs_keyring *old = session->ring;
    struct rs_keyring *empty = rs_keyring_create();
    struct rs_key *keys[RS_KEYS_MAX];
    const unsigned int count = old->count;

    if (empty == NULL)
        return -ENOMEM;
    memcpy(keys, old->keys, sizeof(keys));
    publish(session, empty);
    for (unsigned int i = 0; i < count; i++)
        rs_key_retire(keys[i]);
    return 0;
}

void rs_keyring_end(struct rs_session *session)
{
    struct rs_keyring *ring = session->ring;
    struct rs_key *key;

    while ((key = LIST_FIRST(&session->keys)) != NULL) {
        LIST_REMOVE(key, session_entry);
        key->session = NULL;
    }
    /* A worker may be in the middle of a burst of the session's. */
    rs_rcu_publish(session->ring, &no_keys);
    for (unsigned int i = 0; i < ring->count; i++)
        rs_key_retire(ring->keys[i]);
    rs_rcu_after_grace(&ring->rcu, free_ring);
}

void rs_keyring_get(const struct rs_session *session, struct rs_keyring_info *info)
{
    const struct rs_keyring *ring = session->ring;
    unsigned int next = 0;

    memset(info, 0, sizeof(*info));
    if (ring->has_staged) {
        info->has_staged = true;
        rs_key_get_info(ring->keys[next++], &info->staged);
    }
    if (ring->active != NULL) {
        info->has_active = true;
        rs_key_get_info(ring->keys[next++], &info->active);
    }
    while (next < ring->count)
        rs_key_get_info(ring->keys[next++], &info->previous[info->previous_count++]);
}
