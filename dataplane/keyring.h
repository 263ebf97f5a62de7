/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session's keys, {staged, active, previous}, as an immutable ring that main publishes and
 * workers read under RCU.
 */
#pragma once

#include <stdint.h>

#include "dataplane.h"
#include "key.h"
#include "rcu.h"

enum { RS_KEYS_MAX = RS_PREVIOUS_MAX + 2 };

struct rs_keyring {
    struct rs_key *active;            /* what sealers use; NULL: none */
    unsigned int count;               /* of keys */
    unsigned int has_staged;          /* 1: keys[0] is staged */
    struct rs_key *keys[RS_KEYS_MAX]; /* what openers accept: staged, active, previous, in order */
    struct rs_rcu_head rcu;
};

/* An empty ring for a new session, or NULL. */
struct rs_keyring *rs_keyring_create(void);

/* The session is over: its keys are retired, nobody is told. Never fails. */
void rs_keyring_end(struct rs_session *session);

/* As the functions of dataplane.h with the like names. Main. */
int rs_keyring_stage(struct rs_keys *keys, struct rs_session *session, const uint8_t *base_key,
                     size_t bytes, uint32_t epoch, enum rs_staging *staging,
                     struct rs_key_info *info);
int rs_keyring_activate(struct rs_session *session, uint32_t *replaced_epoch);
int rs_keyring_retire(struct rs_session *session, uint32_t epoch);
int rs_keyring_retire_all(struct rs_session *session);
void rs_keyring_get(const struct rs_session *session, struct rs_keyring_info *info);

/* Whether `ring` still holds `key`. Worker, main. */
bool rs_keyring_holds(const struct rs_keyring *ring, const struct rs_key *key);
