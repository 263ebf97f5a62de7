/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dataplane's contract without DPDK: keyrings and flows as promised, no packets, two workers
 * that are always prompt. Key tags and fingerprints are real ones, made by OpenSSL.
 */
#include "tests/support/fake_dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

enum { WORKERS = 2, BASE_KEY_MAX = 64 };

struct fake_key {
    struct rs_key_info info;
    uint8_t base_key[BASE_KEY_MAX];
    size_t bytes;
};

struct rs_session {
    LIST_ENTRY(rs_session) entry;
    struct rs_dataplane *dataplane;
    void *owner;
    bool has_staged, has_active;
    struct fake_key staged, active, previous[RS_PREVIOUS_MAX]; /* newest first */
    size_t previous_count;
};

struct rs_stream {
    LIST_ENTRY(rs_stream) entry;
    struct rs_session *session;
    struct rs_stream_config config;
    uint32_t ssrcs[64];
    void *owner;
};

enum notice_kind { ACTIVATED, RETIRED, TROUBLE };

/* What the next poll tells. */
struct notice {
    TAILQ_ENTRY(notice) entry;
    enum notice_kind kind;
    struct rs_session *session;
    struct rs_stream *stream;
    uint32_t epoch;
    struct rs_trouble_report report;
};

struct rs_dataplane {
    const struct rs_observer *observer;
    int fd;
    uint32_t max_sessions, max_streams;
    size_t session_count, stream_count;
    LIST_HEAD(, rs_session) sessions;
    LIST_HEAD(, rs_stream) streams;
    TAILQ_HEAD(, notice) notices;
};

static struct rs_dataplane *the_dataplane;
static struct rs_stream *last_stream;
static int failure;

void rs_fake_fail(int number)
{
    failure = number;
}

size_t rs_fake_session_count(void)
{
    return the_dataplane->session_count;
}

size_t rs_fake_stream_count(void)
{
    return the_dataplane->stream_count;
}

struct rs_stream *rs_fake_last_stream(void)
{
    return last_stream;
}

static struct notice *add_notice(struct rs_dataplane *dataplane, enum notice_kind kind)
{
    struct notice *notice = calloc(1, sizeof(*notice));

    if (notice == NULL)
        abort();
    notice->kind = kind;
    TAILQ_INSERT_TAIL(&dataplane->notices, notice, entry);
    eventfd_write(dataplane->fd, 1);
    return notice;
}

void rs_fake_trouble(struct rs_stream *stream, const struct rs_trouble_report *report)
{
    struct notice *notice = add_notice(stream->session->dataplane, TROUBLE);

    notice->stream = stream;
    notice->report = *report;
}

struct rs_dataplane *rs_dataplane_create(const struct rs_dataplane_config *config,
                                         const struct rs_observer *observer)
{
    struct rs_dataplane *dataplane = calloc(1, sizeof(*dataplane));

    if (dataplane == NULL)
        return NULL;
    rs_secret_set_policy(config->lock_policy);
    dataplane->observer = observer;
    dataplane->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    dataplane->max_sessions = config->max_sessions;
    dataplane->max_streams = config->max_streams;
    LIST_INIT(&dataplane->sessions);
    LIST_INIT(&dataplane->streams);
    TAILQ_INIT(&dataplane->notices);
    the_dataplane = dataplane;
    failure = 0;
    return dataplane;
}

void rs_dataplane_destroy(struct rs_dataplane *dataplane)
{
    struct notice *notice;

    while ((notice = TAILQ_FIRST(&dataplane->notices)) != NULL) {
        TAILQ_REMOVE(&dataplane->notices, notice, entry);
        free(notice);
    }
    close(dataplane->fd);
    free(dataplane);
}

int rs_dataplane_fd(const struct rs_dataplane *dataplane)
{
    return dataplane->fd;
}

static void tell(const struct rs_dataplane *dataplane, const struct notice *notice)
{
    struct rs_activation activation = {
        .epoch = notice->epoch,
        .worker_count = WORKERS,
        .observed_ns = {1000, 2000},
        .first_sealed_ns = {3000, UINT64_MAX},
    };

    switch (notice->kind) {
    case ACTIVATED:
        dataplane->observer->key_activated(notice->session->owner, &activation);
        break;
    case RETIRED:
        dataplane->observer->key_retired(notice->session->owner, notice->epoch, WORKERS);
        break;
    case TROUBLE:
        dataplane->observer->stream_trouble(notice->stream->owner, &notice->report);
        break;
    }
}

void rs_dataplane_poll(struct rs_dataplane *dataplane)
{
    struct notice *notice;
    eventfd_t ignored;

    eventfd_read(dataplane->fd, &ignored);
    while ((notice = TAILQ_FIRST(&dataplane->notices)) != NULL) {
        TAILQ_REMOVE(&dataplane->notices, notice, entry);
        tell(dataplane, notice);
        free(notice);
    }
}

struct rs_session *rs_session_create(struct rs_dataplane *dataplane, enum rs_protection protection,
                                     void *owner)
{
    struct rs_session *session;

    (void)protection;
    if (failure != 0 || dataplane->session_count == dataplane->max_sessions) {
        errno = failure != 0 ? failure : ENOSPC;
        return NULL;
    }
    session = calloc(1, sizeof(*session));
    if (session == NULL)
        abort();
    session->dataplane = dataplane;
    session->owner = owner;
    dataplane->session_count++;
    LIST_INSERT_HEAD(&dataplane->sessions, session, entry);
    return session;
}

static void forget_notices(struct rs_dataplane *dataplane, const struct rs_session *session,
                           const struct rs_stream *stream)
{
    struct notice *notice, *next;

    for (notice = TAILQ_FIRST(&dataplane->notices); notice != NULL; notice = next) {
        next = TAILQ_NEXT(notice, entry);
        if ((session != NULL && notice->session == session) ||
            (stream != NULL && notice->stream == stream)) {
            TAILQ_REMOVE(&dataplane->notices, notice, entry);
            free(notice);
        }
    }
}

void rs_session_destroy(struct rs_session *session)
{
    forget_notices(session->dataplane, session, NULL);
    session->dataplane->session_count--;
    LIST_REMOVE(session, entry);
    rs_secret_wipe(session, sizeof(*session));
    free(session);
}

/* HKDF with SHA-512 (RFC 5869), in one of its two halves. */
static void hkdf(int mode, const uint8_t *key, size_t key_bytes, const char *info, uint8_t *out,
                 size_t bytes)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA512", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
                                          strlen(info)),
        OSSL_PARAM_construct_end(),
    };

    if (EVP_KDF_derive(context, out, bytes, params) != 1)
        abort();
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

/* The wire format, section 5: key tag and fingerprint. */
static void name_key(struct fake_key *key, uint32_t epoch)
{
    uint8_t secret[64], tag[2], bytes[15];
    size_t used = 0;

    hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, key->base_key, key->bytes, "", secret, sizeof(secret));
    hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret, sizeof(secret), "rtpseal key tag", tag, 2);
    hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret, sizeof(secret), "rtpseal fingerprint", bytes, 15);
    key->info.epoch = epoch;
    key->info.key_tag = (uint16_t)(tag[0] << 8 | tag[1]);
    for (unsigned int i = 0; i < 6; i++) {
        const uint8_t *at = bytes + i * 20 / 8;
        const uint32_t number = i % 2 == 0 ? (uint32_t)at[0] << 12 | at[1] << 4 | at[2] >> 4
                                           : (uint32_t)(at[0] & 15) << 16 | at[1] << 8 | at[2];

        used += (size_t)snprintf(key->info.fingerprint + used, sizeof(key->info.fingerprint) - used,
                                 "%s%05u", i != 0 ? " " : "", number % 100000);
    }
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

    if (failure != 0)
        return -failure;
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

    if (failure != 0)
        return -failure;
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
    notice = add_notice(session->dataplane, ACTIVATED);
    notice->session = session;
    notice->epoch = session->active.info.epoch;
    return 0;
}

static void tell_retired(struct rs_session *session, uint32_t epoch)
{
    struct notice *notice = add_notice(session->dataplane, RETIRED);

    notice->session = session;
    notice->epoch = epoch;
}

int rs_session_retire_key(struct rs_session *session, uint32_t epoch)
{
    size_t i = 0;

    if (failure != 0)
        return -failure;
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
    if (failure != 0)
        return -failure;
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

/* Every SSRC is an entry of its own in the flow table; none is one that takes any. */
static bool share_ssrc(const struct rs_stream_config *a, const struct rs_stream_config *b)
{
    for (size_t i = 0; i < a->ssrc_count; i++) {
        for (size_t j = 0; j < b->ssrc_count; j++) {
            if (a->ssrcs[i] == b->ssrcs[j])
                return true;
        }
    }
    return a->ssrc_count == 0 && b->ssrc_count == 0;
}

static bool same_flow(const struct rs_stream_config *a, const struct rs_stream_config *b)
{
    return a->direction == b->direction && a->link == b->link &&
           memcmp(&a->flow, &b->flow, sizeof(a->flow)) == 0 && share_ssrc(a, b);
}

int rs_stream_create(struct rs_session *session, const struct rs_stream_config *config,
                     struct rs_stream **stream)
{
    struct rs_dataplane *dataplane = session->dataplane;
    struct rs_stream *made;

    if (failure != 0)
        return -failure;
    LIST_FOREACH(made, &dataplane->streams, entry) {
        if (same_flow(&made->config, config))
            return -EEXIST;
    }
    if (dataplane->stream_count == dataplane->max_streams)
        return -ENOSPC;
    made = calloc(1, sizeof(*made));
    if (made == NULL || config->ssrc_count > 64)
        abort();
    made->session = session;
    made->config = *config;
    made->owner = config->owner;
    memcpy(made->ssrcs, config->ssrcs, config->ssrc_count * sizeof(made->ssrcs[0]));
    made->config.ssrcs = made->ssrcs;
    dataplane->stream_count++;
    LIST_INSERT_HEAD(&dataplane->streams, made, entry);
    last_stream = *stream = made;
    return 0;
}

void rs_stream_destroy(struct rs_stream *stream)
{
    forget_notices(stream->session->dataplane, NULL, stream);
    stream->session->dataplane->stream_count--;
    LIST_REMOVE(stream, entry);
    free(stream);
}

void rs_stream_get_counters(const struct rs_stream *stream, struct rs_counters *sum)
{
    (void)stream;
    (void)sum;
}

void rs_dataplane_get_counters(const struct rs_dataplane *dataplane, int worker, int link,
                               enum rs_direction direction, struct rs_counters *sum)
{
    (void)dataplane;
    (void)worker;
    (void)link;
    (void)direction;
    (void)sum;
}

unsigned int rs_dataplane_worker_count(const struct rs_dataplane *dataplane)
{
    (void)dataplane;
    return WORKERS;
}

void rs_dataplane_get_worker(const struct rs_dataplane *dataplane, unsigned int worker,
                             struct rs_worker_info *info)
{
    (void)dataplane;
    *info = (struct rs_worker_info){.cpu = worker};
}

void rs_dataplane_get_port(const struct rs_dataplane *dataplane, unsigned int link,
                           enum rs_direction side, struct rs_port_info *info)
{
    (void)dataplane;
    *info = (struct rs_port_info){
        .driver = "fake", .up = true, .mtu = 1500, .rx_queues = 1, .tx_queues = 1};
    snprintf(info->device, sizeof(info->device), "fake%u%c", link, side == RS_SEAL ? 'p' : 's');
}

void rs_dataplane_get_host(const struct rs_dataplane *dataplane, struct rs_host_info *info)
{
    (void)dataplane;
    *info =
        (struct rs_host_info){.dpdk_version = "fake", .ipsec_mb_version = "fake", .isa = "none"};
}
