/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams. A removed one leaves the flow table at once; its positions there, its senders and its
 * memory go after a grace period and each worker's word.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "format.h"

struct rs_table {
    struct rs_flow_table *flows;
    struct rs_mailbox *const *worker_mail;
    unsigned int worker_count;
    unsigned int waiting; /* streams that wait for workers */
    int wake_fd;
    struct rs_mailbox grace_passed;  /* posted by liburcu's thread */
    TAILQ_HEAD(, rs_stream) streams; /* main: all that are not freed */
    struct rs_stream *next;          /* main: of the sweep */
};

/* ---- making ------------------------------------------------------------------------------- */

static void init_slot(struct rs_stream *stream, unsigned int worker)
{
    struct rs_stream_slot *slot = &stream->slots[worker];

    TAILQ_INIT(&slot->senders);
    slot->release =
        (struct rs_mail){.kind = RS_MAIL_RELEASE_STREAM, .worker = worker, .subject = stream};
}

static void fill_stream(struct rs_stream *stream, struct rs_session *session,
                        const struct rs_stream_config *config)
{
    stream->session = session;
    stream->suite = config->suite;
    stream->direction = config->direction;
    stream->link = config->link;
    stream->replay_window =
        config->replay_window == 0 ? 0 : rs_replay_round_up(config->replay_window);
    stream->owner = config->owner;
    rs_stream_set_formats(stream, config->formats);
}

static void fill_keys(struct rs_stream *stream, const struct rs_stream_config *config)
{
    const unsigned int shape = (config->flow.has_source ? RS_SHAPE_SOURCE : 0u) |
                               (config->ssrc_count > 0 ? RS_SHAPE_SSRC : 0u);

    for (size_t i = 0; i < stream->key_count; i++) {
        rs_flow_key_make(&stream->keys[i], config->link, config->direction, &config->flow,
                         config->ssrc_count > 0 ? config->ssrcs[i] : 0, shape);
        stream->positions[i] = RS_NO_POSITION;
    }
}

/* What is sealed is no trouble: such a stream has no notices. */
static size_t notice_bytes(const struct rs_stream_config *config)
{
    return config->direction == RS_OPEN ? rs_notice_bytes(rs_notice_words(config->ssrc_count)) : 0;
}

/* Slots, notices, keys and positions lie behind the stream. */
static struct rs_stream *allocate(const struct rs_table *table,
                                  const struct rs_stream_config *config)
{
    const unsigned int workers = table->worker_count;
    const size_t keys = config->ssrc_count > 0 ? config->ssrc_count : 1;
    struct rs_stream *stream = rs_lines_alloc(sizeof(*stream) + workers * sizeof(stream->slots[0]) +
                                              workers * notice_bytes(config) +
                                              keys * (sizeof(*stream->keys) + sizeof(int32_t)));
    uint8_t *next;

    if (stream == NULL)
        return NULL;
    next = (uint8_t *)&stream->slots[workers];
    for (unsigned int w = 0; w < workers; w++, next += notice_bytes(config)) {
        init_slot(stream, w);
        if (notice_bytes(config) == 0)
            continue;
        stream->slots[w].notice = (void *)next;
        rs_notice_init(stream->slots[w].notice, rs_notice_words(config->ssrc_count), w, stream,
                       rte_get_tsc_hz());
    }
    stream->key_count = keys;
    stream->keys = (void *)next;
    stream->positions = (void *)&stream->keys[keys];
    return stream;
}

struct rs_stream_watches *rs_stream_watch(struct rs_stream *stream, unsigned int worker_count)
{
    struct rs_stream_watches *watches = stream->watches;

    if (watches == NULL)
        watches = calloc(1, sizeof(*watches) + worker_count * sizeof(watches->told_dropped[0]));
    stream->watches = watches;
    return watches;
}

void rs_table_unmake(struct rs_stream *stream)
{
    free(stream->watches);
    free(stream);
}

static void free_stream(struct rs_table *table, struct rs_stream *stream)
{
    if (table->next == stream)
        table->next = TAILQ_NEXT(stream, table_entry);
    TAILQ_REMOVE(&stream->session->streams, stream, entry);
    TAILQ_REMOVE(&table->streams, stream, table_entry);
    rs_table_unmake(stream);
}

struct rs_stream *rs_table_make(struct rs_table *table, struct rs_session *session,
                                const struct rs_stream_config *config)
{
    struct rs_stream *made = allocate(table, config);

    if (made == NULL)
        return NULL;
    made->table = table;
    fill_stream(made, session, config);
    fill_keys(made, config);
    return made;
}

void rs_table_list(struct rs_table *table, struct rs_stream *stream)
{
    TAILQ_INSERT_TAIL(&stream->session->streams, stream, entry);
    TAILQ_INSERT_TAIL(&table->streams, stream, table_entry);
    stream->session->tagless_streams += stream->suite->nt == 0 ? 1 : 0;
}

/* ---- the end of a stream ------------------------------------------------------------------ */

static void take_out_keys(struct rs_table *table, const struct rs_stream *stream)
{
    for (size_t i = 0; i < stream->key_count; i++) {
        if (stream->positions[i] != RS_NO_POSITION)
            rs_flow_table_take_out(table->flows, &stream->keys[i]);
    }
}

static void free_positions(struct rs_table *table, const struct rs_stream *stream)
{
    for (size_t i = 0; i < stream->key_count; i++) {
        if (stream->positions[i] != RS_NO_POSITION)
            rs_flow_table_free_position(table->flows, stream->positions[i]);
    }
}

static void free_after_grace(struct rs_rcu_head *head)
{
    struct rs_stream *stream = caa_container_of(head, struct rs_stream, rcu);
    struct rs_table *table = stream->table;
    const uint64_t one = 1;

    rs_mail_post(&table->grace_passed, &stream->grace_mail);
    /* A full eventfd counter means that main is woken already. */
    while (write(table->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

void rs_table_remove(struct rs_table *table, struct rs_stream *stream)
{
    stream->owner = NULL;
    take_out_keys(table, stream);
    if (stream->suite->nt == 0)
        stream->session->tagless_streams--;
    stream->grace_mail = (struct rs_mail){.subject = stream};
    rs_rcu_after_grace(&stream->rcu, free_after_grace);
}

static void ask_workers_to_release(struct rs_table *table, struct rs_stream *stream)
{
    free_positions(table, stream);
    stream->workers_waited_for = table->worker_count;
    table->waiting++;
    for (unsigned int w = 0; w < table->worker_count; w++)
        rs_mail_post(table->worker_mail[w], &stream->slots[w].release);
}

struct rs_session *rs_table_take_mail(struct rs_table *table, struct rs_mail *mail)
{
    struct rs_stream *stream = mail->subject;
    struct rs_session *session = stream->session;

    if (--stream->workers_waited_for > 0)
        return NULL;
    table->waiting--;
    for (unsigned int w = 0; w < table->worker_count; w++)
        rs_counters_add_stream(&session->past[stream->direction], &stream->slots[w].counters);
    free_stream(table, stream);
    return session;
}

void rs_table_poll(struct rs_table *table)
{
    for (struct rs_mail *mail = rs_mail_take_all(&table->grace_passed), *next; mail != NULL;
         mail = next) {
        next = mail->next;
        ask_workers_to_release(table, mail->subject);
    }
}

void rs_table_begin_sweep(struct rs_table *table)
{
    table->next = TAILQ_FIRST(&table->streams);
}

struct rs_stream *rs_table_sweep(struct rs_table *table)
{
    struct rs_stream *stream = table->next;

    if (stream != NULL)
        table->next = TAILQ_NEXT(stream, table_entry);
    return stream;
}

bool rs_table_busy(const struct rs_table *table)
{
    return table->waiting > 0;
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

struct rs_flow_table *rs_table_flows(const struct rs_table *table)
{
    return table->flows;
}

struct rs_table *rs_table_create(uint32_t max_streams, unsigned int worker_count,
                                 struct rs_mailbox *const *worker_mail, int wake_fd)
{
    struct rs_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->worker_mail = worker_mail;
    table->worker_count = worker_count;
    table->wake_fd = wake_fd;
    TAILQ_INIT(&table->streams);
    table->flows = rs_flow_table_create(max_streams);
    if (table->flows == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

void rs_table_destroy(struct rs_table *table)
{
    struct rs_stream *stream;

    if (table == NULL)
        return;
    while ((stream = TAILQ_FIRST(&table->streams)) != NULL)
        free_stream(table, stream);
    rs_flow_table_destroy(table->flows);
    free(table);
}
