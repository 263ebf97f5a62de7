/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One session key: its memory, and how it ends and begins for the workers.
 *
 * A key's end, step by step, none of which main waits for:
 *     unlinked         a ring without it is published
 *     grace passed     no worker can still pick it
 *     wiped, n of n    each worker has wiped every sender derived from it
 *     freed            its own bytes are wiped; the observer is told
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cache_line.h"
#include "dataplane.h"
#include "mailbox.h"
#include "rcu.h"
#include "sender_record.h"

struct rs_cipher;
struct rs_keys;
struct rs_sender;

LIST_HEAD(rs_key_senders, rs_sender);
LIST_HEAD(rs_session_keys, rs_key);

/* A worker's share of a key. */
struct rs_key_worker {
    struct rs_key_senders senders;     /* worker: rw */
    struct rs_record_list records;     /* worker: rw */
    _Atomic uint64_t observed_tsc;     /* worker: w, main: r */
    _Atomic uint64_t first_sealed_tsc; /* worker: rw, main: r and reset; 0: none */
    struct rs_mail observe, wipe;
} RS_OWN_LINE;

struct rs_key_secret {
    uint8_t sframe_secret[RS_HASH_MAX_BYTES];
    uint16_t tag;
};

enum rs_activation_state {
    RS_ACTIVATION_NONE,
    RS_ACTIVATION_OBSERVING, /* waiting for each worker to see the ring */
    RS_ACTIVATION_SETTLING,  /* each has; first packets are waited for, not long */
};

/* One session key, in locked memory. Owner: main. */
struct rs_key {
    struct rs_key_secret by_hash[RS_HASHES]; /* worker: ro */
    _Atomic uint64_t activated_tsc;          /* worker: r, main: w, before it is the active one */

    /* main only */
    struct rs_keys *keys RS_OWN_LINE;
    struct rs_session *session; /* NULL: the session is gone, nobody is told */
    uint32_t epoch;
    uint32_t activation_epoch; /* when it was last made active: staged again, it has a new one */
    bool unlinked;
    enum rs_activation_state activation;
    bool observe_again;
    unsigned int observing, wiping; /* workers waited for */
    uint64_t settle_until_tsc;
    uint64_t unlinked_tsc;
    uint64_t grace_passed_tsc; /* liburcu's thread: w, before grace_mail is posted */
    struct rs_rcu_head rcu;
    struct rs_mail grace_mail;
    TAILQ_ENTRY(rs_key) settling_entry;
    LIST_ENTRY(rs_key) free_entry;
    LIST_ENTRY(rs_key) session_entry;

    struct rs_key_worker workers[];
};

/*
 * Main's side of all keys. `cipher` is main's own; it and the workers' mailboxes are borrowed.
 * `wake_fd` is an eventfd, written when a grace period has passed. NULL with errno set.
 */
struct rs_keys *rs_keys_create(struct rs_cipher *cipher, unsigned int worker_count,
                               struct rs_mailbox *const *worker_mail,
                               const struct rs_observer *observer, int wake_fd);

/* Wipes and frees every key. Workers must have stopped and rs_rcu_drain been called. */
void rs_keys_destroy(struct rs_keys *keys);

/* Takes what grace periods and settling times brought. Main, out of poll. */
void rs_keys_poll(struct rs_keys *keys);

/* Takes an OBSERVE_KEY or WIPE_KEY mail that came back from a worker. Main, out of poll. */
void rs_keys_take_mail(struct rs_mail *mail);

/* Whether something is under way that poll should look at soon. */
bool rs_keys_busy(const struct rs_keys *keys);

/* A new key with all that is derived from the base key, in no session yet; NULL: no memory. */
struct rs_key *rs_key_create(struct rs_keys *keys, const uint8_t *base_key, size_t bytes);

/* Wipes a key that was never published, or that all workers have wiped. */
void rs_key_free(struct rs_key *key);

/* What others may know of it. */
void rs_key_get_info(const struct rs_key *key, struct rs_key_info *info);

/*
 * The key is about to be published as the active one: starts the clock. An earlier activation of it
 * that was not told yet never will be: this one is told in its place.
 */
void rs_key_start_activation(struct rs_key *key);

/* It was published: watches how the workers take it up, then tells the observer. */
void rs_key_watch_activation(struct rs_key *key);

/* A ring without it was published: the rest follows by itself. Needs no memory, never fails. */
void rs_key_retire(struct rs_key *key);
