/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waits for the events of a change of secret on the connection that asked for it, and looks at the
 * session now and then, in case that there is nothing to wait for any more.
 */
#include "rekey.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "print.h"
#include "progress.h"
#include "proof.h"
#include "say.h"

enum {
    TICK_MS = 250,  /* how often the progress line changes */
    LOOK_MS = 1000, /* how often the session is looked at */
    LOOKS_MISSED_MAX = 3,
};

struct rekey {
    const struct rs_args *args;
    struct rs_client *client;
    struct rs_proof proof;
    const char *session_id;
    int64_t staged_at_ms, looked_at_ms; /* of now_ms() */
    int64_t activate_after_ms, grace_ms;
    int missed; /* looks in a row that did not find the replaced key, nor its event */
    bool gap;   /* events were lost */
    bool over;  /* there is nothing more to wait for */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static json_int_t epoch_of(const json_t *object)
{
    return json_integer_value(json_object_get(object, "epoch"));
}

/* The state of the session's key of that epoch as last looked at; NULL: it has none such. */
static const char *key_state(const json_t *session, json_int_t epoch)
{
    json_t *key;
    size_t index;

    json_array_foreach(json_object_get(session, "keys"), index, key) {
        if (epoch_of(key) == epoch)
            return json_string_value(json_object_get(key, "state"));
    }
    return NULL;
}

static json_int_t active_epoch(const json_t *session)
{
    json_t *key;
    size_t index;

    json_array_foreach(json_object_get(session, "keys"), index, key) {
        const char *state = json_string_value(json_object_get(key, "state"));

        if (state != NULL && strcmp(state, "active") == 0)
            return epoch_of(key);
    }
    return 0;
}

static int look(struct rekey *rekey, json_t **session)
{
    json_t *params = json_pack("{s:s}", "session_id", rekey->session_id), *result;
    const int code = rs_ask(rekey->client, rekey->args, "session_get", params, &result);

    json_decref(params);
    if (code != RS_EXIT_OK)
        return code;
    json_decref(*session);
    *session = result;
    rekey->looked_at_ms = now_ms();
    return RS_EXIT_OK;
}

static int64_t setting(const struct rekey *rekey, const char *name)
{
    const json_t *given = json_object_get(rekey->args->params, name);

    return json_integer_value(given != NULL ? given : json_object_get(rekey->proof.before, name));
}

/* ---- waiting ------------------------------------------------------------------------------ */

static void keep(json_t **place, json_t *event)
{
    json_decref(*place);
    *place = json_incref(event);
}

static void take_event(struct rekey *rekey, json_t *event)
{
    struct rs_proof *proof = &rekey->proof;
    const char *type = json_string_value(json_object_get(event, "type"));
    const char *session_id = json_string_value(json_object_get(event, "session_id"));
    const json_int_t epoch = epoch_of(event);
    char name[24];

    if (type != NULL && strcmp(type, "gap") == 0)
        rekey->gap = true;
    if (type == NULL || session_id == NULL || strcmp(session_id, rekey->session_id) != 0)
        return;
    if (strcmp(type, "secret_staged") == 0 && epoch == rs_proof_epoch(proof)) {
        keep(&proof->staged, event);
    } else if (strcmp(type, "secret_activated") == 0 && epoch == rs_proof_epoch(proof)) {
        keep(&proof->activated, event);
    } else if (strcmp(type, "secret_activated") == 0 && epoch < rs_proof_epoch(proof)) {
        /* Another change, just before this one. */
        proof->replaced = epoch > proof->replaced ? epoch : proof->replaced;
    } else if (strcmp(type, "secret_retired") == 0) {
        snprintf(name, sizeof(name), "%lld", (long long)epoch);
        json_object_set(proof->retired, name, event);
    }
}

static void show_progress(const struct rekey *rekey)
{
    const long long epoch = (long long)rs_proof_epoch(&rekey->proof);
    const int64_t passed = now_ms() - rekey->staged_at_ms;
    const int64_t seals_ms = rekey->activate_after_ms - passed;
    const int64_t wiped_ms = seals_ms + rekey->grace_ms;

    if (rekey->proof.activated == NULL && seals_ms > 0)
        rs_progress_show("epoch %lld is staged, and seals in %.0f s", epoch,
                         (double)(seals_ms + 500) / 1000);
    else if (rekey->proof.activated == NULL)
        rs_progress_show("epoch %lld: waiting for every worker to take it", epoch);
    else if (wiped_ms > 0)
        rs_progress_show("epoch %lld seals; the key before is wiped in %.0f s", epoch,
                         (double)(wiped_ms + 500) / 1000);
    else
        rs_progress_show("epoch %lld seals; waiting for every worker to wipe the key before",
                         epoch);
}

/* What else may have become of the session meanwhile. Returns an exit code. */
static int look_again(struct rekey *rekey)
{
    struct rs_proof *proof = &rekey->proof;
    const int code = look(rekey, &proof->after);
    const char *state;

    if (code != RS_EXIT_OK)
        return code;
    state = key_state(proof->after, rs_proof_epoch(proof));
    if (state == NULL || strcmp(state, "retiring") == 0)
        return rs_say(RS_EXIT_REFUSED,
                      "%s: epoch %lld is gone: the session was disconnected, or "
                      "its secret changed again, before it was seen through",
                      rekey->session_id, (long long)rs_proof_epoch(proof));
    /* A key that was given again meanwhile lives on under another epoch, without an event. */
    if (proof->activated != NULL && key_state(proof->after, proof->replaced) == NULL)
        rekey->missed++;
    rekey->over = rekey->missed >= LOOKS_MISSED_MAX || (rekey->gap && strcmp(state, "staged") != 0);
    return RS_EXIT_OK;
}

static bool is_seen_through(const struct rekey *rekey)
{
    const struct rs_proof *proof = &rekey->proof;

    return rekey->over ||
           (proof->activated != NULL && (proof->replaced == 0 || rs_proof_wiped(proof) != NULL));
}

static int say_it_stands(const struct rekey *rekey, int error)
{
    return rs_say(RS_EXIT_UNREACHABLE,
                  "%s: %s while epoch %lld was waited for: the change stands, and a daemon that "
                  "runs goes on with it; one that has ended has no sessions any more",
                  rekey->args->socket, rs_client_error_text(error),
                  (long long)rs_proof_epoch(&rekey->proof));
}

static int see_through(struct rekey *rekey)
{
    int code = RS_EXIT_OK;

    while (code == RS_EXIT_OK && !is_seen_through(rekey)) {
        json_t *event;
        const int error = rs_client_next_event_within(rekey->client, TICK_MS, &event);

        if (error == 0) {
            take_event(rekey, event);
            json_decref(event);
        } else if (error != -ETIMEDOUT) {
            return say_it_stands(rekey, error);
        }
        show_progress(rekey);
        if (now_ms() - rekey->looked_at_ms >= LOOK_MS)
            code = look_again(rekey);
    }
    return code == RS_EXIT_OK ? look(rekey, &rekey->proof.after) : code;
}

/* ---- the change --------------------------------------------------------------------------- */

static int subscribe(struct rekey *rekey)
{
    json_t *params =
        json_pack("{s:[s, s, s]}", "types", "secret_staged", "secret_activated", "secret_retired");
    json_t *result;
    const int code = rs_ask(rekey->client, rekey->args, "events_subscribe", params, &result);

    json_decref(params);
    if (code == RS_EXIT_OK)
        json_decref(result);
    return code;
}

static int change(struct rekey *rekey, const char *method)
{
    int64_t begin;
    int code = subscribe(rekey);

    if (code == RS_EXIT_OK)
        code = look(rekey, &rekey->proof.before);
    if (code != RS_EXIT_OK)
        return code;
    rekey->proof.replaced = active_epoch(rekey->proof.before);
    rekey->activate_after_ms = setting(rekey, "activate_after_ms");
    rekey->grace_ms = setting(rekey, "grace_ms");
    rs_progress_show("deriving the key");
    begin = now_ms();
    code = rs_ask(rekey->client, rekey->args, method, rekey->args->params, &rekey->proof.reply);
    /* Wiped with them: it is not to lie here for as long as a grace takes. */
    json_object_del(rekey->args->params, "encryption_secret");
    json_object_del(rekey->args->params, "base_key");
    rekey->staged_at_ms = now_ms();
    rekey->proof.staged_ms = rekey->staged_at_ms - begin;
    return code;
}

static void print(const struct rekey *rekey)
{
    rs_progress_end();
    if (rekey->args->json) {
        json_t *json = rs_proof_json(&rekey->proof);

        rs_print_json(stdout, json);
        json_decref(json);
    } else {
        rs_proof_print_line(stdout, &rekey->proof);
    }
    fflush(stdout);
}

static void say_what_is_not_waited_for(const struct rekey *rekey)
{
    if (!rekey->args->json)
        printf("it seals %.1f s from now; the key before opens for %.1f s more\n",
               (double)rekey->activate_after_ms / 1000,
               (double)(rekey->activate_after_ms + rekey->grace_ms) / 1000);
}

int rs_rekey(const char *method, struct rs_args *args)
{
    struct rekey rekey = {
        .args = args,
        .proof.retired = json_object(),
        .session_id = json_string_value(json_object_get(args->params, "session_id")),
    };
    int code = rs_ask_open(args, &rekey.client);

    if (code == RS_EXIT_OK)
        code = change(&rekey, method);
    if (code == RS_EXIT_OK) {
        const bool wait = args->wait != RS_WAIT_NO && rs_proof_is_change(&rekey.proof);

        code = wait ? see_through(&rekey) : RS_EXIT_OK;
        print(&rekey);
        if (args->wait == RS_WAIT_NO && rs_proof_is_change(&rekey.proof))
            say_what_is_not_waited_for(&rekey);
    }
    rs_progress_end();
    json_decref(rekey.proof.before);
    json_decref(rekey.proof.after);
    json_decref(rekey.proof.reply);
    json_decref(rekey.proof.staged);
    json_decref(rekey.proof.activated);
    json_decref(rekey.proof.retired);
    rs_client_close(rekey.client);
    return code;
}
