/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions and keyrings of the dataplane without packets. Key tags and fingerprints are real ones,
 * made by OpenSSL.
 */
#include "tests/support/fake_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static struct rs_session *last_session;

enum rs_protection rs_fake_last_protection(void)
{
    return last_session->protection;
}

void rs_session_set_protection(struct rs_session *session, enum rs_protection protection)
{
    session->protection = protection;
}

struct rs_session *rs_session_create(struct rs_dataplane *dataplane, enum rs_protection protection,
                                     void *owner)
{
    struct rs_session *session;

    if (fake_failure() != 0 || dataplane->session_count == dataplane->max_sessions) {
        errno = fake_failure() != 0 ? fake_failure() : ENOSPC;
        return NULL;
    }
    session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->dataplane = dataplane;
    session->owner = owner;
    session->protection = protection;
    last_session = session;
    dataplane->session_count++;
    LIST_INSERT_HEAD(&dataplane->sessions, session, entry);
    return session;
}

void rs_session_destroy(struct rs_session *session)
{
    fake_forget(session->dataplane, session, NULL);
    session->dataplane->session_count--;
    LIST_REMOVE(session, entry);
    rs_secret_wipe(session, sizeof(*session));
    free(session);
}

/* HKDF (RFC 5869), in one of its two halves. */
static bool try_hkdf(const char *hash, int mode, const uint8_t *key, size_t key_bytes,
                     const char *info, uint8_t *out, size_t bytes)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
                                          strlen(info)),
        OSSL_PARAM_construct_end(),
    };

    const int derived = EVP_KDF_derive(context, out, bytes, params);

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return derived == 1;
}

/* Memory may fail once, which is not what is looked at here. */
static void hkdf(const char *hash, int mode, const uint8_t *key, size_t key_bytes, const char *info,
                 uint8_t *out, size_t bytes)
{
    if (!try_hkdf(hash, mode, key, key_bytes, info, out, bytes) &&
        !try_hkdf(hash, mode, key, key_bytes, info, out, bytes))
        abort();
}

/* The wire format, section 5: key tag and fingerprint. */
static void write_name(const struct fake_key *key, const char *hash, size_t digest_bytes,
                       struct rs_key_name *name)
{
    uint8_t secret[64], tag[2], bytes[15];
    size_t used = 0;

    hkdf(hash, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, key->base_key, key->bytes, "", secret, digest_bytes);
    hkdf(hash, EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret, digest_bytes, "rtpseal key tag", tag, 2);
    hkdf(hash, EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret, digest_bytes, "rtpseal fingerprint", bytes,
         15);
    name->key_tag = (uint16_t)(tag[0] << 8 | tag[1]);
    for (unsigned int i = 0; i < 6; i++) {
        const uint8_t *at = bytes + i * 20 / 8;
        const uint32_t number = i % 2 == 0 ? (uint32_t)at[0] << 12 | at[1] << 4 | at[2] >> 4
                                           : (uint32_t)(at[0] & 15) << 16 | at[1] << 8 | at[2];

        used += (size_t)snprintf(name->fingerprint + used, sizeof(name->fingerprint) - used,
                                 "%s%05u", i != 0 ? " " : "", number % 100000);
    }
}

static void name_key(struct fake_key *key, uint32_t epoch)
{
    key->info.epoch = epoch;
    write_name(key, "SHA512", 64, &key->info.by_hash[RS_HASH_SHA512]);
    write_name(key, "SHA256", 32, &key->info.by_hash[RS_HASH_SHA256]);
}

static bool same_key(const struct fake_key *key, const uint8_t *base_key, size_t bytes)
{
    return key->bytes == bytes && memcmp(key->base_key, base_key, bytes) == 0;
}

static void remove_previous(struct rs_session *session, size_t i)
{
    session->previous_count--;
    memmove(&session->previous[i], &session->previous[i + 1],
            (session->previous_count - i) * sizeof(session->previous[0]));
}

int rs_session_stage_key(struct rs_session *session, const uint8_t *base_key, size_t bytes,
                         uint32_t epoch, enum rs_staging *staging, struct rs_key_info *info)
{
    size_t i = 0;

    if (fake_failure() != 0)
        return -fake_failure();
    if (bytes < 32 || bytes > BASE_KEY_MAX)
        return -EINVAL;
    if (session->has_active && same_key(&session->active, base_key, bytes)) {
        *staging = RS_STAGED_ACTIVE;
        *info = session->active.info;
        return 0;
    }
    while (i < session->previous_count && !same_key(&session->previous[i], base_key, bytes))
        i++;
    if (session->has_staged ||
        (i == session->previous_count && session->previous_count == RS_PREVIOUS_MAX))
        return -EBUSY;
    *staging = i < session->previous_count ? RS_STAGED_AGAIN : RS_STAGED_NEW;
    if (i < session->previous_count)
        remove_previous(session, i);
    session->has_staged = true;
    memcpy(session->staged.base_key, base_key, bytes);
    session->staged.bytes = bytes;
    name_key(&session->staged, epoch);
    *info = session->staged.info;
    return 0;
}

int rs_session_activate_key(struct rs_session *session, uint32_t *replaced_epoch)
{
    struct notice *notice;

    if (fake_failure() != 0)
        return -fake_failure();
    if (!session->has_staged)
        return -ENOENT;
    *replaced_epoch = 0;
    if (session->has_active) {
        *replaced_epoch = session->active.info.epoch;
        memmove(&session->previous[1], &session->previous[0],
                session->previous_count * sizeof(session->previous[0]));
        session->previous[0] = session->active;
        session->previous_count++;
    }
    session->active = session->staged;
    session->has_active = true;
    session->has_staged = false;
    notice = fake_add_notice(session->dataplane, ACTIVATED);
    notice->session = session;
    notice->epoch = session->active.info.epoch;
    return 0;
}

static void tell_retired(struct rs_session *session, uint32_t epoch)
{
    struct notice *notice = fake_add_notice(session->dataplane, RETIRED);

    notice->session = session;
    notice->epoch = epoch;
}

int rs_session_retire_key(struct rs_session *session, uint32_t epoch)
{
    size_t i = 0;

    if (fake_failure() != 0)
        return -fake_failure();
    if (session->has_active && session->active.info.epoch == epoch)
        return -EBUSY;
    if (session->has_staged && session->staged.info.epoch == epoch) {
        session->has_staged = false;
        tell_retired(session, epoch);
        return 0;
    }
    while (i < session->previous_count && session->previous[i].info.epoch != epoch)
        i++;
    if (i == session->previous_count)
        return -ENOENT;
    remove_previous(session, i);
    tell_retired(session, epoch);
    return 0;
}

int rs_session_retire_all_keys(struct rs_session *session)
{
    if (fake_failure() != 0)
        return -fake_failure();
    if (session->has_staged)
        tell_retired(session, session->staged.info.epoch);
    if (session->has_active)
        tell_retired(session, session->active.info.epoch);
    for (size_t i = 0; i < session->previous_count; i++)
        tell_retired(session, session->previous[i].info.epoch);
    session->has_staged = session->has_active = false;
    session->previous_count = 0;
    return 0;
}

void rs_session_get_keyring(const struct rs_session *session, struct rs_keyring_info *info)
{
    *info = (struct rs_keyring_info){
        .has_staged = session->has_staged,
        .has_active = session->has_active,
        .staged = session->staged.info,
        .active = session->active.info,
        .previous_count = session->previous_count,
    };
    for (size_t i = 0; i < session->previous_count; i++)
        info->previous[i] = session->previous[i].info;
}

void rs_session_get_counters(const struct rs_session *session, enum rs_direction direction,
                             struct rs_counters *sum)
{
    (void)session;
    (void)direction;
    (void)sum;
}
