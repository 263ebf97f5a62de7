/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session's keys over time: each has a record that mirrors the keyring, a timer that moves it on,
 * and the events that tell of it. No key material is ever here but the base key that is handed on.
 */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "control/control.h"
#include "control/counts.h"
#include "control/events.h"
#include "control/registry.h"
#include "control/session.h"

/* How soon to try again what failed for want of memory: a key must not outlive its grace. */
enum { AGAIN_MS = 100 };

static void set_timer(struct rs_key_record *key, uint32_t ms)
{
    const struct timeval after = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};

    evtimer_add(key->timer, &after);
}

static struct rs_key_record *find_epoch(const struct rs_session_record *session, uint32_t epoch)
{
    struct rs_key_record *key;

    TAILQ_FOREACH(key, &session->keys, entry) {
        if (key->info.epoch == epoch)
            break;
    }
    return key;
}

static json_t *key_fields(const struct rs_session_record *session, const struct rs_key_info *info)
{
    const struct rs_key_name *name = rs_session_key_name(session, info);
    char tag[8];

    rs_key_tag_write(name->key_tag, tag);
    return json_pack("{s:s, s:I, s:s, s:s}", "session_id", session->id, "epoch",
                     (json_int_t)info->epoch, "key_tag", tag, "fingerprint", name->fingerprint);
}

static void enter_active(struct rs_key_record *key)
{
    struct rs_active_keys *active = &key->session->registry->active_keys;

    key->active_ms = rs_control_now_ms();
    TAILQ_INSERT_TAIL(&active->list, key, active_entry);
    active->count++;
    active->since_ms += key->active_ms;
}

static void leave_active(struct rs_key_record *key)
{
    struct rs_registry *registry = key->session->registry;
    struct rs_active_keys *active = &registry->active_keys;

    TAILQ_REMOVE(&active->list, key, active_entry);
    active->count--;
    active->since_ms -= key->active_ms;
    rs_counts_time(registry->counts, RS_TIMING_KEY_USE,
                   (double)(rs_control_now_ms() - key->active_ms) / 1e3);
}

static void set_state(struct rs_key_record *key, enum rs_key_state state)
{
    if (key->state == RS_KEY_ACTIVE)
        leave_active(key);
    key->state = state;
    if (state == RS_KEY_ACTIVE)
        enter_active(key);
}

void rs_keys_get_ages(const struct rs_registry *registry, struct rs_key_ages *ages)
{
    const struct rs_active_keys *active = &registry->active_keys;
    const uint64_t now = rs_control_now_ms();

    *ages = (struct rs_key_ages){.count = active->count};
    if (active->count == 0)
        return;
    ages->oldest_s = (double)(now - TAILQ_FIRST(&active->list)->active_ms) / 1e3;
    ages->average_s =
        (double)(now * active->count - active->since_ms) / 1e3 / (double)active->count;
}

static void forget_key(struct rs_key_record *key)
{
    if (key->state == RS_KEY_ACTIVE)
        leave_active(key);
    TAILQ_REMOVE(&key->session->keys, key, entry);
    event_free(key->timer);
    free(key);
}

static void retire(struct rs_key_record *key)
{
    const int error = rs_session_retire_key(key->session->dataplane, key->info.epoch);

    if (error == -ENOMEM) {
        set_timer(key, AGAIN_MS);
        return;
    }
    if (error != 0) {
        rs_log(RS_LOG_ERROR, "session %s: epoch %u cannot be retired: %s", key->session->id,
               key->info.epoch, strerror(-error));
        return;
    }
    evtimer_del(key->timer);
    set_state(key, RS_KEY_RETIRING);
}

/* The grace of a replaced key belongs to the change that replaced it. */
static void replace(struct rs_key_record *previous, uint32_t grace_ms)
{
    set_state(previous, RS_KEY_PREVIOUS);
    if (grace_ms == 0)
        retire(previous);
    else
        set_timer(previous, grace_ms);
}

static void activate(struct rs_key_record *key)
{
    uint32_t replaced_epoch = 0;
    struct rs_key_record *previous;
    const int error = rs_session_activate_key(key->session->dataplane, &replaced_epoch);

    if (error == -ENOMEM) {
        set_timer(key, AGAIN_MS);
        return;
    }
    if (error != 0) {
        rs_log(RS_LOG_ERROR, "session %s: epoch %u cannot be activated: %s", key->session->id,
               key->info.epoch, strerror(-error));
        return;
    }
    set_state(key, RS_KEY_ACTIVE);
    previous = replaced_epoch != 0 ? find_epoch(key->session, replaced_epoch) : NULL;
    if (previous != NULL)
        replace(previous, key->grace_ms);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct rs_key_record *key = arg;

    (void)fd;
    (void)what;
    if (key->state == RS_KEY_STAGED)
        activate(key);
    else if (key->state == RS_KEY_PREVIOUS)
        retire(key);
}

static struct rs_key_record *make_record(struct rs_session_record *session)
{
    struct rs_key_record *key = calloc(1, sizeof(*key));

    if (key == NULL)
        return NULL;
    key->session = session;
    key->timer = evtimer_new(session->registry->base, on_timer, key);
    if (key->timer == NULL) {
        free(key);
        return NULL;
    }
    return key;
}

/* A key that was still in the ring moves on under its new epoch: its old record goes. */
static void forget_moved(struct rs_session_record *session, const struct rs_key_info *info)
{
    const char *fingerprint = rs_session_key_name(session, info)->fingerprint;
    struct rs_key_record *key, *next;

    for (key = TAILQ_FIRST(&session->keys); key != NULL; key = next) {
        next = TAILQ_NEXT(key, entry);
        if (key->state == RS_KEY_PREVIOUS &&
            strcmp(rs_session_key_name(session, &key->info)->fingerprint, fingerprint) == 0)
            forget_key(key);
    }
}

static int fail_staging(int result, struct rs_error *error)
{
    switch (result) {
    case -EBUSY:
        return rs_error_set(error, RS_E_EPOCH_CONFLICT, NULL,
                            "a secret is staged already, or too many are still in their grace");
    case -EEXIST:
        rs_error_set(error, RS_E_EPOCH_CONFLICT, NULL,
                     "another secret of the session has the same key tag and a stream's suite has "
                     "no tag: choose another secret");
        error->retryable = false;
        return -1;
    case -EINVAL:
        return rs_error_set(error, RS_E_INVALID_SECRET, "base_key", "a base key is 32 to 64 bytes");
    default:
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL, "no locked memory for another key");
    }
}

static void count_change(const struct rs_session_record *session, enum rs_staging staging)
{
    static const enum rs_secret_change changes[] = {[RS_STAGED_NEW] = RS_SECRET_STAGED,
                                                    [RS_STAGED_AGAIN] = RS_SECRET_MOVED,
                                                    [RS_STAGED_ACTIVE] = RS_SECRET_UNCHANGED};

    rs_counts_secret_change(session->registry->counts, changes[staging]);
}

int rs_keys_change(struct rs_session_record *session, const uint8_t *base_key, size_t bytes,
                   const struct rs_key_change *change, struct rs_key_info *info,
                   struct rs_error *error)
{
    struct rs_key_record *key = make_record(session);
    enum rs_staging staging;
    int result;

    if (key == NULL)
        return rs_error_set(error, RS_E_INTERNAL_ERROR, NULL, "no memory");
    result = rs_session_stage_key(session->dataplane, base_key, bytes, session->epoch + 1, &staging,
                                  info);
    if (result == 0)
        count_change(session, staging);
    if (result != 0 || staging == RS_STAGED_ACTIVE) {
        event_free(key->timer);
        free(key);
        return result != 0 ? fail_staging(result, error) : 0;
    }
    if (staging == RS_STAGED_AGAIN)
        forget_moved(session, info);
    session->epoch++;
    key->info = *info;
    key->state = RS_KEY_STAGED;
    key->given_ms = rs_control_now_ms();
    key->grace_ms = change->grace_ms;
    TAILQ_INSERT_HEAD(&session->keys, key, entry);
    rs_events_say(session->registry->events, RS_EVENT_SECRET_STAGED, key_fields(session, info));
    if (change->activate_after_ms == 0)
        activate(key);
    else
        set_timer(key, change->activate_after_ms);
    return 0;
}

int rs_keys_retire_all(struct rs_session_record *session, struct rs_error *error)
{
    struct rs_key_record *key;

    if (rs_session_retire_all_keys(session->dataplane) != 0)
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL, "no memory to retire the keys");
    TAILQ_FOREACH(key, &session->keys, entry) {
        evtimer_del(key->timer);
        set_state(key, RS_KEY_RETIRING);
    }
    return 0;
}

void rs_keys_forget(struct rs_session_record *session)
{
    struct rs_key_record *key;

    while ((key = TAILQ_FIRST(&session->keys)) != NULL)
        forget_key(key);
}

static json_t *worker_times(const struct rs_activation *activation)
{
    json_t *workers = json_array();

    for (unsigned int i = 0; i < activation->worker_count; i++) {
        json_t *worker = json_pack("{s:i, s:I}", "worker", (int)i, "observed_ns",
                                   (json_int_t)activation->observed_ns[i]);

        json_object_set_new(worker, "first_sealed_ns",
                            activation->first_sealed_ns[i] != UINT64_MAX
                                ? json_integer((json_int_t)activation->first_sealed_ns[i])
                                : json_null());
        json_array_append_new(workers, worker);
    }
    return workers;
}

static void count_activation(const struct rs_session_record *session,
                             const struct rs_activation *activation)
{
    uint64_t last_ns = 0;

    for (unsigned int i = 0; i < activation->worker_count; i++)
        last_ns = activation->observed_ns[i] > last_ns ? activation->observed_ns[i] : last_ns;
    rs_counts_time(session->registry->counts, RS_TIMING_ACTIVATION, (double)last_ns / 1e9);
}

void rs_keys_activated(void *owner, const struct rs_activation *activation)
{
    struct rs_session_record *session = owner;
    const struct rs_key_record *key = find_epoch(session, activation->epoch);
    json_t *fields;

    if (key == NULL)
        return;
    count_activation(session, activation);
    fields = key_fields(session, &key->info);
    json_object_set_new(fields, "workers", worker_times(activation));
    rs_events_say(session->registry->events, RS_EVENT_SECRET_ACTIVATED, fields);
}

static void count_retirement(const struct rs_session_record *session,
                             const struct rs_retirement *retirement)
{
    struct rs_counts *counts = session->registry->counts;

    rs_counts_time(counts, RS_TIMING_GRACE, (double)retirement->grace_ns / 1e9);
    rs_counts_time(counts, RS_TIMING_WIPE, (double)retirement->wiped_ns / 1e9);
}

void rs_keys_retired(void *owner, const struct rs_retirement *retirement)
{
    struct rs_session_record *session = owner;
    struct rs_key_record *key = find_epoch(session, retirement->epoch);
    json_t *fields;

    if (key == NULL)
        return;
    count_retirement(session, retirement);
    fields = key_fields(session, &key->info);
    json_object_set_new(fields, "workers_wiped", json_integer(retirement->workers_wiped));
    json_object_set_new(fields, "workers",
                        json_integer(rs_dataplane_worker_count(session->registry->dataplane)));
    rs_events_say(session->registry->events, RS_EVENT_SECRET_RETIRED, fields);
    forget_key(key);
}
