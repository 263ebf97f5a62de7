/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two methods that take a secret. Secrets are looked at where the request holds them, copied
 * only into the derivation's locked memory, and repeated nowhere.
 */
#include "handlers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/kdf.h"
#include "control/session.h"

enum { SECRET_MIN = 8, SECRET_MAX = 256, KEY_MIN = 32, KEY_MAX = 64 };

/* A request on its way through the derivation. Freed when that is done. */
struct secret_job {
    struct rs_request *request;
    struct rs_session_record *session; /* busy, so it stays */
    struct rs_key_change change;
};

/* jansson has checked that it is UTF-8: each byte but a continuation begins a character. */
static size_t count_characters(const struct rs_text *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->length; i++)
        count += (text->bytes[i] & 0xc0) != 0x80;
    return count;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Returns the bytes of the key, 0 where the text is not one. */
static size_t decode_key(const struct rs_text *text, uint8_t key[KEY_MAX])
{
    if (text->length % 2 != 0 || text->length < 2 * KEY_MIN || text->length > 2 * KEY_MAX)
        return 0;
    for (size_t i = 0; i < text->length / 2; i++) {
        const int high = hex_value(text->bytes[2 * i]), low = hex_value(text->bytes[2 * i + 1]);

        if (high < 0 || low < 0)
            return 0;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return text->length / 2;
}

static int check_secret(struct rs_request *request, const struct rs_secret_params *secret)
{
    uint8_t key[KEY_MAX];
    size_t count;

    if (secret->encryption_secret.bytes != NULL && secret->base_key.bytes != NULL)
        return rs_error_set(&request->error, RS_E_INVALID_PARAMS, "base_key",
                            "give \"encryption_secret\" or \"base_key\", not both");
    if (secret->encryption_secret.bytes != NULL) {
        count = count_characters(&secret->encryption_secret);
        if (count < SECRET_MIN || count > SECRET_MAX)
            return rs_error_set(&request->error, RS_E_INVALID_SECRET, "encryption_secret",
                                "a secret is %d to %d characters", SECRET_MIN, SECRET_MAX);
        return 0;
    }
    if (secret->base_key.bytes == NULL)
        return rs_error_set(&request->error, RS_E_SECRET_MISSING, "encryption_secret",
                            "give \"encryption_secret\" or \"base_key\"");
    count = decode_key(&secret->base_key, key);
    rs_secret_wipe(key, sizeof(key));
    if (count == 0)
        return rs_error_set(&request->error, RS_E_INVALID_SECRET, "base_key",
                            "a base key is %d to %d bytes, as hex digits", KEY_MIN, KEY_MAX);
    return 0;
}

/* Connects, or changes the secret of a connected session; the reply is the same. */
static void use_key(struct rs_request *request, struct rs_session_record *session,
                    const struct rs_key_change *change, const uint8_t *key, size_t bytes)
{
    const struct rs_key_name *name;
    struct rs_key_info info = {0};
    char tag[8];
    int result;

    if (session->state == RS_SESSION_CONNECTED)
        result = rs_keys_change(session, key, bytes, change, &info, &request->error);
    else
        result = rs_session_record_connect(session, key, bytes, &info, &request->error);
    if (result != 0)
        return;
    name = rs_session_key_name(session, &info);
    rs_key_tag_write(name->key_tag, tag);
    request->result =
        json_pack("{s:s, s:s, s:I, s:s, s:s}", "session_id", session->id, "state",
                  rs_session_state_name(session->state), "epoch", (json_int_t)info.epoch, "key_tag",
                  tag, "fingerprint", name->fingerprint);
}

static void count_failure(const struct rs_request *request)
{
    static const enum rs_secret_change changes[RS_REASONS] = {
        [RS_E_EPOCH_CONFLICT] = RS_SECRET_CONFLICT, [RS_E_INVALID_SECRET] = RS_SECRET_INVALID,
        [RS_E_SECRET_MISSING] = RS_SECRET_INVALID,  [RS_E_NO_CAPACITY] = RS_SECRET_NO_CAPACITY,
        [RS_E_INTERNAL_ERROR] = RS_SECRET_FAILED,
    };
    const enum rs_secret_change change = changes[request->error.reason];

    if (request->error.reason != RS_E_NONE)
        rs_counts_secret_change(&request->control->counts,
                                change != RS_SECRET_STAGED ? change : RS_SECRET_REFUSED);
}

static void on_derived(void *arg, const uint8_t *base_key)
{
    struct secret_job *job = arg;
    struct rs_session_record *session = job->session;

    if (base_key != NULL)
        use_key(job->request, session, &job->change, base_key, RS_BASE_KEY_BYTES);
    else
        rs_request_fail(job->request, RS_E_INTERNAL_ERROR, NULL, "the key derivation failed");
    count_failure(job->request);
    rs_request_finish(job->request);
    free(job);
    rs_requests_release(session);
}

static enum rs_reply derive(struct rs_request *request, struct rs_session_record *session,
                            const struct rs_key_change *change, const struct rs_text *secret)
{
    struct secret_job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return rs_request_fail(request, RS_E_INTERNAL_ERROR, NULL, "no memory");
    *job = (struct secret_job){request, session, *change};
    if (rs_kdf_submit(request->control->kdf, secret->bytes, secret->length, session->id, on_derived,
                      job) != 0) {
        free(job);
        return rs_request_fail(request, RS_E_NO_CAPACITY, NULL,
                               "too many secrets are being derived");
    }
    session->busy = true;
    return RS_REPLY_LATER;
}

static enum rs_reply take_secret(struct rs_request *request, struct rs_session_record *session,
                                 const struct rs_key_change *change,
                                 const struct rs_secret_params *secret)
{
    uint8_t key[KEY_MAX];
    size_t bytes;

    if (check_secret(request, secret) != 0)
        return RS_REPLY_NOW;
    if (secret->encryption_secret.bytes != NULL)
        return derive(request, session, change, &secret->encryption_secret);
    bytes = decode_key(&secret->base_key, key);
    use_key(request, session, change, key, bytes);
    rs_secret_wipe(key, sizeof(key));
    return RS_REPLY_NOW;
}

static enum rs_reply connect_unencrypted(struct rs_request *request,
                                         struct rs_session_record *session,
                                         const struct rs_secret_params *secret)
{
    if (secret->encryption_secret.bytes != NULL || secret->base_key.bytes != NULL)
        return rs_request_fail(request, RS_E_E2EE_NOT_ENABLED, NULL,
                               "the session is without end-to-end encryption: give no secret");
    if (rs_session_record_connect(session, NULL, 0, NULL, &request->error) == 0)
        request->result = json_pack("{s:s, s:s}", "session_id", session->id, "state",
                                    rs_session_state_name(session->state));
    return RS_REPLY_NOW;
}

static enum rs_reply connect_session(struct rs_request *request,
                                     const struct rs_secret_params *secret)
{
    static const struct rs_key_change at_once = {0, 0};
    struct rs_session_record *session = rs_request_session(request, secret->session_id);

    if (session == NULL)
        return RS_REPLY_NOW;
    if (!session->options.e2ee)
        return connect_unencrypted(request, session, secret);
    if (session->state == RS_SESSION_CONNECTED) {
        rs_request_fail(request, RS_E_EPOCH_CONFLICT, "session_id",
                        "the session is connected: session_set_encryption_secret changes its "
                        "secret");
        request->error.retryable = false;
        return RS_REPLY_NOW;
    }
    return take_secret(request, session, &at_once, secret);
}

enum rs_reply rs_method_session_connect(struct rs_request *request, const void *params)
{
    const enum rs_reply reply = connect_session(request, params);

    if (reply == RS_REPLY_NOW)
        count_failure(request);
    return reply;
}

static int plan_change(struct rs_request *request, const struct rs_session_record *session,
                       const struct rs_secret_params *secret, struct rs_key_change *change)
{
    const char *blamed = secret->grace_ms.given ? "grace_ms" : "activate_after_ms";

    if (secret->expect_epoch.given && secret->expect_epoch.value != session->epoch) {
        rs_error_set(&request->error, RS_E_EPOCH_CONFLICT, "expect_epoch",
                     "the session's epoch is %u", session->epoch);
        request->error.retryable = false;
        return -1;
    }
    change->activate_after_ms =
        (uint32_t)rs_optional_or(secret->activate_after_ms, session->options.activate_after_ms);
    change->grace_ms = (uint32_t)rs_optional_or(secret->grace_ms, session->options.grace_ms);
    if (!rs_config_grace_fits(change->grace_ms, change->activate_after_ms))
        return rs_error_set(&request->error, RS_E_INVALID_PARAMS, blamed,
                            "\"grace_ms\" (%u) is at least \"activate_after_ms\" (%u) + %d, or "
                            "both are 0",
                            change->grace_ms, change->activate_after_ms, RS_GRACE_MARGIN_MS);
    return 0;
}

static enum rs_reply change_secret(struct rs_request *request,
                                   const struct rs_secret_params *secret)
{
    struct rs_session_record *session = rs_request_session(request, secret->session_id);
    struct rs_key_change change;

    if (session == NULL)
        return RS_REPLY_NOW;
    if (!session->options.e2ee)
        return rs_request_fail(request, RS_E_E2EE_NOT_ENABLED, "session_id",
                               "the session is without end-to-end encryption");
    if (session->state != RS_SESSION_CONNECTED)
        return rs_request_fail(request, RS_E_NOT_CONNECTED, "session_id",
                               "the session is not connected: give the secret to session_connect");
    if (plan_change(request, session, secret, &change) != 0)
        return RS_REPLY_NOW;
    return take_secret(request, session, &change, secret);
}

enum rs_reply rs_method_session_set_encryption_secret(struct rs_request *request,
                                                      const void *params)
{
    const enum rs_reply reply = change_secret(request, params);

    if (reply == RS_REPLY_NOW)
        count_failure(request);
    return reply;
}
