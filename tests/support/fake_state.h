/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two halves of the dataplane without packets share. */
#pragma once

#include <sys/queue.h>

#include "tests/support/fake_dataplane.h"

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
    enum rs_protection protection;
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

enum notice_kind { ACTIVATED, RETIRED, TROUBLE, ALARM, ACTIVITY, SHORTAGE, STALL, PORT };

/* What the next poll tells. */
struct notice {
    TAILQ_ENTRY(notice) entry;
    enum notice_kind kind;
    struct rs_session *session;
    struct rs_stream *stream;
    uint32_t epoch;
    struct rs_trouble_report report;
    struct rs_auth_alarm_report alarm;
    struct rs_activity_report activity;
    struct rs_shortage_report shortage;
    struct rs_stall_report stall;
    struct rs_port_report port;
};

struct rs_dataplane {
    const struct rs_observer *observer;
    void *owner;
    int fd;
    uint32_t max_sessions, max_streams;
    size_t session_count, stream_count;
    LIST_HEAD(, rs_session) sessions;
    LIST_HEAD(, rs_stream) streams;
    TAILQ_HEAD(, notice) notices;
};

struct notice *fake_add_notice(struct rs_dataplane *dataplane, enum notice_kind kind);
void fake_forget(struct rs_dataplane *dataplane, const struct rs_session *session,
                 const struct rs_stream *stream);
/* Whether the flow is taken, by any stream but those that `spared` says. */
typedef bool spared_fn(const struct rs_stream *stream, void *arg);
bool fake_flow_taken(const struct rs_dataplane *dataplane, const struct rs_stream_config *config,
                     spared_fn *spared, void *arg);
/* A stream that nobody finds yet; and found from now on. */
struct rs_stream *fake_make_stream(struct rs_session *session,
                                   const struct rs_stream_config *config);
void fake_enter_stream(struct rs_stream *stream);
/* The errno that rs_fake_fail has set. */
int fake_failure(void);
