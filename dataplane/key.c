/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Session keys, main's side: their locked memory, and the state machines of activation and
 * retirement. Which key is staged, active or previous is keyring.c's to say; what workers derive
 * from a key lives in sender.c.
 */
#include "key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "cipher.h"
#include "session.h"

enum {
    SLAB_KEYS = 16,
    SETTLE_MS = 50, /* how long first packets under a new key are waited for */
};

struct slab {
    LIST_ENTRY(slab) entry;
    void *memory;
};

struct rs_keys {
    struct rs_cipher *cipher;
    const struct rs_observer *observer;
    struct rs_mailbox *const *worker_mail;
    unsigned int worker_count;
    unsigned int waiting; /* keys that wait for workers */
    int wake_fd;
    size_t key_bytes;
    LIST_HEAD(, slab) slabs;
    struct rs_session_keys free;
    TAILQ_HEAD(, rs_key) settling;
    struct rs_mailbox grace_passed; /* posted by liburcu's thread */
};

/* ---- memory ------------------------------------------------------------------------------- */

static int grow(struct rs_keys *keys)
{
    struct slab *slab = calloc(1, sizeof(*slab));

    if (slab == NULL)
        return -ENOMEM;
    slab->memory = rs_secret_map(SLAB_KEYS * keys->key_bytes);
    if (slab->memory == NULL) {
        free(slab);
        return -ENOMEM;
    }
    LIST_INSERT_HEAD(&keys->slabs, slab, entry);
    for (unsigned int i = 0; i < SLAB_KEYS; i++) {
        struct rs_key *key = (void *)((uint8_t *)slab->memory + i * keys->key_bytes);

        LIST_INSERT_HEAD(&keys->free, key, free_entry);
    }
    return 0;
}

static void init_worker_share(struct rs_key *key, unsigned int worker)
{
    struct rs_key_worker *share = &key->workers[worker];

    LIST_INIT(&share->senders);
    share->observe =
        (struct rs_mail){.kind = RS_MAIL_OBSERVE_KEY, .worker = worker, .subject = key};
    share->wipe = (struct rs_mail){.kind = RS_MAIL_WIPE_KEY, .worker = worker, .subject = key};
}

struct rs_key *rs_key_create(struct rs_keys *keys, const uint8_t *base_key, size_t bytes)
{
    struct rs_key *key;

    if (LIST_EMPTY(&keys->free) && grow(keys) != 0)
        return NULL;
    key = LIST_FIRST(&keys->free);
    LIST_REMOVE(key, free_entry);
    memset(key, 0, keys->key_bytes);
    key->keys = keys;
    key->grace_mail.subject = key;
    for (unsigned int w = 0; w < keys->worker_count; w++)
        init_worker_share(key, w);
    for (unsigned int h = 0; h < RS_HASHES; h++) {
        struct rs_key_secret *secret = &key->by_hash[h];

        rs_cipher_extract(keys->cipher, (enum rs_hash)h, base_key, bytes, secret->sframe_secret);
        secret->tag = rs_key_tag(keys->cipher, (enum rs_hash)h, secret->sframe_secret);
    }
    return key;
}

void rs_key_free(struct rs_key *key)
{
    struct rs_keys *keys = key->keys;

    if (key->session != NULL)
        LIST_REMOVE(key, session_entry);
    rs_secret_wipe(key, keys->key_bytes);
    LIST_INSERT_HEAD(&keys->free, key, free_entry);
}

/* ---- telling ------------------------------------------------------------------------------ */

void rs_key_get_info(const struct rs_key *key, struct rs_key_info *info)
{
    info->epoch = key->epoch;
    for (unsigned int h = 0; h < RS_HASHES; h++) {
        const struct rs_key_secret *secret = &key->by_hash[h];
        struct rs_key_name *name = &info->by_hash[h];

        name->key_tag = secret->tag;
        rs_key_fingerprint(key->keys->cipher, (enum rs_hash)h, secret->sframe_secret,
                           name->fingerprint);
    }
}

static uint64_t tsc_to_ns(uint64_t ticks)
{
    return (uint64_t)((double)ticks * 1e9 / (double)rte_get_tsc_hz());
}

static uint64_t ns_since(uint64_t tsc, uint64_t start)
{
    return tsc > start ? tsc_to_ns(tsc - start) : 0;
}

static void stop_settling(struct rs_key *key)
{
    TAILQ_REMOVE(&key->keys->settling, key, settling_entry);
    key->activation = RS_ACTIVATION_NONE;
}

/* Ends an activation that has been observed by all. */
static void announce_activation(struct rs_key *key)
{
    const struct rs_keys *keys = key->keys;
    const uint64_t start = atomic_load_explicit(&key->activated_tsc, memory_order_relaxed);
    struct rs_activation activation = {.epoch = key->activation_epoch,
                                       .worker_count = keys->worker_count};

    stop_settling(key);
    if (key->session == NULL)
        return;
    for (unsigned int w = 0; w < keys->worker_count; w++) {
        struct rs_key_worker *share = &key->workers[w];
        uint64_t sealed = atomic_load_explicit(&share->first_sealed_tsc, memory_order_relaxed);

        activation.observed_ns[w] =
            ns_since(atomic_load_explicit(&share->observed_tsc, memory_order_relaxed), start);
        activation.first_sealed_ns[w] = sealed == 0 ? UINT64_MAX : ns_since(sealed, start);
    }
    if (keys->observer->key_activated != NULL)
        keys->observer->key_activated(key->session->owner, &activation);
}

static bool all_sealed(const struct rs_key *key)
{
    for (unsigned int w = 0; w < key->keys->worker_count; w++) {
        if (atomic_load_explicit(&key->workers[w].first_sealed_tsc, memory_order_relaxed) == 0)
            return false;
    }
    return true;
}

/* A session's activations are told in their order. From the front each time: the observer may
 * change what is settling. */
static struct rs_key *first_settling(const struct rs_session *session)
{
    struct rs_key *first = NULL, *key;

    LIST_FOREACH(key, &session->keys, session_entry) {
        if (key->activation == RS_ACTIVATION_SETTLING &&
            (first == NULL || key->activation_epoch < first->activation_epoch))
            first = key;
    }
    return first;
}

/* A session's activations are told before a later retirement of it. */
static void announce_session(const struct rs_session *session)
{
    struct rs_key *key;

    while ((key = first_settling(session)) != NULL)
        announce_activation(key);
}

/* ---- activation --------------------------------------------------------------------------- */

static void post_observe(struct rs_key *key)
{
    struct rs_keys *keys = key->keys;

    key->observe_again = false;
    key->activation = RS_ACTIVATION_OBSERVING;
    key->observing = keys->worker_count;
    keys->waiting++;
    for (unsigned int w = 0; w < keys->worker_count; w++)
        rs_mail_post(keys->worker_mail[w], &key->workers[w].observe);
}

void rs_key_start_activation(struct rs_key *key)
{
    if (key->activation == RS_ACTIVATION_SETTLING)
        stop_settling(key);
    key->activation_epoch = key->epoch;
    for (unsigned int w = 0; w < key->keys->worker_count; w++)
        atomic_store_explicit(&key->workers[w].first_sealed_tsc, 0, memory_order_relaxed);
    atomic_store_explicit(&key->activated_tsc, rte_rdtsc(), memory_order_relaxed);
}

void rs_key_watch_activation(struct rs_key *key)
{
    if (key->activation == RS_ACTIVATION_OBSERVING) {
        key->observe_again = true;
        return;
    }
    post_observe(key);
}

static void take_observed(struct rs_key *key)
{
    struct rs_keys *keys = key->keys;

    if (--key->observing > 0)
        return;
    keys->waiting--;
    if (key->observe_again && !key->unlinked) {
        post_observe(key);
        return;
    }
    key->activation = RS_ACTIVATION_SETTLING;
    key->settle_until_tsc = rte_rdtsc() + rte_get_tsc_hz() * SETTLE_MS / 1000;
    TAILQ_INSERT_TAIL(&keys->settling, key, settling_entry);
}

/* ---- retirement --------------------------------------------------------------------------- */

/* liburcu's thread: no worker can pick the key any more. */
static void key_grace_passed(struct rs_rcu_head *head)
{
    struct rs_key *key = caa_container_of(head, struct rs_key, rcu);
    const uint64_t one = 1;

    key->grace_passed_tsc = rte_rdtsc();
    rs_mail_post(&key->keys->grace_passed, &key->grace_mail);
    /* A full eventfd counter means that main is woken already. */
    while (write(key->keys->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

void rs_key_retire(struct rs_key *key)
{
    key->unlinked = true;
    key->unlinked_tsc = rte_rdtsc();
    rs_rcu_after_grace(&key->rcu, key_grace_passed);
}

static void ask_workers_to_wipe(struct rs_key *key)
{
    struct rs_keys *keys = key->keys;

    key->wiping = keys->worker_count;
    keys->waiting++;
    for (unsigned int w = 0; w < keys->worker_count; w++)
        rs_mail_post(keys->worker_mail[w], &key->workers[w].wipe);
}

static void take_wiped(struct rs_key *key)
{
    struct rs_keys *keys = key->keys;
    struct rs_retirement retirement;
    const struct rs_session *session;

    if (--key->wiping > 0)
        return;
    keys->waiting--;
    if (key->session != NULL)
        announce_session(key->session);
    if (key->activation == RS_ACTIVATION_SETTLING)
        announce_activation(key);
    session = key->session;
    retirement = (struct rs_retirement){
        .epoch = key->epoch,
        .workers_wiped = keys->worker_count,
        .grace_ns = ns_since(key->grace_passed_tsc, key->unlinked_tsc),
        .wiped_ns = ns_since(rte_rdtsc(), key->unlinked_tsc),
    };
    rs_key_free(key);
    if (session != NULL && keys->observer->key_retired != NULL)
        keys->observer->key_retired(session->owner, &retirement);
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

void rs_keys_take_mail(struct rs_mail *mail)
{
    if (mail->kind == RS_MAIL_OBSERVE_KEY)
        take_observed(mail->subject);
    else
        take_wiped(mail->subject);
}

static struct rs_key *first_settled(const struct rs_keys *keys)
{
    const uint64_t now = rte_rdtsc();
    struct rs_key *key;

    TAILQ_FOREACH(key, &keys->settling, settling_entry) {
        if (now >= key->settle_until_tsc || all_sealed(key))
            return key;
    }
    return NULL;
}

void rs_keys_poll(struct rs_keys *keys)
{
    struct rs_key *key;

    for (struct rs_mail *mail = rs_mail_take_all(&keys->grace_passed), *next; mail != NULL;
         mail = next) {
        next = mail->next;
        ask_workers_to_wipe(mail->subject);
    }
    while ((key = first_settled(keys)) != NULL)
        announce_activation(key->session != NULL ? first_settling(key->session) : key);
}

bool rs_keys_busy(const struct rs_keys *keys)
{
    return keys->waiting > 0 || !TAILQ_EMPTY(&keys->settling);
}

struct rs_keys *rs_keys_create(struct rs_cipher *cipher, unsigned int worker_count,
                               struct rs_mailbox *const *worker_mail,
                               const struct rs_observer *observer, int wake_fd)
{
    struct rs_keys *keys = calloc(1, sizeof(*keys));

    if (keys == NULL)
        return NULL;
    keys->cipher = cipher;
    keys->observer = observer;
    keys->worker_mail = worker_mail;
    keys->worker_count = worker_count;
    keys->wake_fd = wake_fd;
    keys->key_bytes = sizeof(struct rs_key) + worker_count * sizeof(struct rs_key_worker);
    TAILQ_INIT(&keys->settling);
    return keys;
}

void rs_keys_destroy(struct rs_keys *keys)
{
    struct slab *slab;

    if (keys == NULL)
        return;
    while ((slab = LIST_FIRST(&keys->slabs)) != NULL) {
        LIST_REMOVE(slab, entry);
        rs_secret_unmap(slab->memory, SLAB_KEYS * keys->key_bytes);
        free(slab);
    }
    free(keys);
}
