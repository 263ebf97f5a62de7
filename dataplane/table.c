/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams and the flow table. A removed stream leaves the table at once; its positions there, its
 * senders and its memory go after a grace period and each worker's word.
 */
#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_hash.h>
#include <rte_memory.h>

#include "format.h"
#include "log.h"
#include "wire.h"

struct rs_table {
    struct rte_hash *hash;
    struct rs_mailbox *const *worker_mail;
    unsigned int worker_count;
    unsigned int waiting; /* streams that wait for workers */
    int wake_fd;
    struct rs_mailbox grace_passed;                           /* posted by liburcu's thread */
    uint32_t entries[RS_MAX_LINKS][RS_DIRECTIONS][RS_SHAPES]; /* main */
    _Atomic uint32_t shapes[RS_MAX_LINKS][RS_DIRECTIONS];     /* worker: r, main: w */
    TAILQ_HEAD(, rs_stream) streams;                          /* main: all that are not freed */
};

_Static_assert(sizeof(struct rs_flow_key) == 48, "compared as bytes: no padding");

/* ---- keys --------------------------------------------------------------------------------- */

static unsigned int shape_of(const struct rs_stream_config *config)
{
    return (config->flow.has_source ? RS_SHAPE_SOURCE : 0u) |
           (config->ssrc_count > 0 ? RS_SHAPE_SSRC : 0u);
}

static void make_key(const struct rs_stream_config *config, uint32_t ssrc, struct rs_flow_key *key)
{
    const struct rs_flow *flow = &config->flow;

    memset(key, 0, sizeof(*key));
    memcpy(key->dst, flow->dst, sizeof(key->dst));
    key->dst_port = flow->dst_port;
    if (flow->has_source) {
        memcpy(key->src, flow->src, sizeof(key->src));
        key->src_port = flow->src_port;
    }
    key->ssrc = ssrc;
    key->vlan = flow->vlan;
    key->link = (uint8_t)config->link;
    key->shape = (uint8_t)shape_of(config);
    key->direction = (uint8_t)config->direction;
    key->family = flow->family;
}

static size_t key_count(const struct rs_stream_config *config)
{
    return config->ssrc_count > 0 ? config->ssrc_count : 1;
}

static uint32_t ssrc_at(const struct rs_stream_config *config, size_t i)
{
    return config->ssrc_count > 0 ? config->ssrcs[i] : 0;
}

static void count_shape(struct rs_table *table, unsigned int link, enum rs_direction direction,
                        unsigned int shape, int change)
{
    uint32_t bits = 0;

    table->entries[link][direction][shape] += (uint32_t)change;
    for (unsigned int s = 0; s < RS_SHAPES; s++)
        bits |= table->entries[link][direction][s] > 0 ? 1u << s : 0;
    atomic_store_explicit(&table->shapes[link][direction], bits, memory_order_release);
}

/* ---- adding ------------------------------------------------------------------------------- */

static bool any_key_taken(const struct rs_table *table, const struct rs_stream_config *config)
{
    struct rs_flow_key key;

    for (size_t i = 0; i < key_count(config); i++) {
        make_key(config, ssrc_at(config, i), &key);
        if (rte_hash_lookup(table->hash, &key) >= 0)
            return true;
    }
    return false;
}

static void delete_keys(struct rs_table *table, const struct rs_stream *stream)
{
    for (size_t i = 0; i < stream->key_count; i++) {
        rte_hash_del_key(table->hash, &stream->keys[i]);
        count_shape(table, stream->link, stream->direction, stream->keys[i].shape, -1);
    }
}

static void free_positions(struct rs_table *table, const struct rs_stream *stream)
{
    for (size_t i = 0; i < stream->key_count; i++)
        rte_hash_free_key_with_position(table->hash, stream->positions[i]);
}

/* Inserts the keys of a stream; on failure stream->key_count says how many are in. */
static int insert_keys(struct rs_table *table, struct rs_stream *stream,
                       const struct rs_stream_config *config)
{
    const size_t count = stream->key_count;

    for (stream->key_count = 0; stream->key_count < count; stream->key_count++) {
        struct rs_flow_key *key = &stream->keys[stream->key_count];

        make_key(config, ssrc_at(config, stream->key_count), key);
        if (rte_hash_lookup(table->hash, key) >= 0)
            return -EEXIST;
        if (rte_hash_add_key_data(table->hash, key, stream) != 0)
            return -ENOSPC;
        stream->positions[stream->key_count] = rte_hash_lookup(table->hash, key);
        count_shape(table, config->link, config->direction, key->shape, 1);
    }
    return 0;
}

static void init_slot(struct rs_stream *stream, unsigned int worker)
{
    struct rs_stream_slot *slot = &stream->slots[worker];

    slot->stream = stream;
    TAILQ_INIT(&slot->senders);
    rs_notice_init(&slot->notice, worker, slot, rte_get_tsc_hz());
    slot->release =
        (struct rs_mail){.kind = RS_MAIL_RELEASE_STREAM, .worker = worker, .subject = slot};
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
    stream->grace_mail.subject = stream;
    for (unsigned int pt = 0; pt < RS_PAYLOAD_TYPES; pt++)
        stream->formats[pt] = rs_format_pack(config->formats[pt]);
}

static struct rs_stream *allocate(const struct rs_table *table, size_t keys)
{
    const size_t bytes =
        sizeof(struct rs_stream) + table->worker_count * sizeof(struct rs_stream_slot);
    struct rs_stream *stream = aligned_alloc(64, (bytes + 63) / 64 * 64);

    if (stream == NULL)
        return NULL;
    memset(stream, 0, bytes);
    stream->key_count = keys;
    stream->keys = calloc(keys, sizeof(*stream->keys));
    stream->positions = calloc(keys, sizeof(*stream->positions));
    for (unsigned int w = 0; w < table->worker_count; w++)
        init_slot(stream, w);
    return stream;
}

static void free_memory(struct rs_stream *stream)
{
    free(stream->keys);
    free(stream->positions);
    free(stream);
}

static void free_stream(struct rs_table *table, struct rs_stream *stream)
{
    TAILQ_REMOVE(&stream->session->streams, stream, entry);
    TAILQ_REMOVE(&table->streams, stream, table_entry);
    free_memory(stream);
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
    delete_keys(table, stream);
    if (stream->suite->nt == 0)
        stream->session->tagless_streams--;
    rs_rcu_after_grace(&stream->rcu, free_after_grace);
}

int rs_table_add(struct rs_table *table, struct rs_session *session,
                 const struct rs_stream_config *config, struct rs_stream **stream)
{
    struct rs_stream *made;
    int rc;

    if (any_key_taken(table, config))
        return -EEXIST;
    made = allocate(table, key_count(config));
    if (made == NULL)
        return -ENOMEM;
    if (made->keys == NULL || made->positions == NULL) {
        free_memory(made);
        return -ENOMEM;
    }
    fill_stream(made, session, config);
    made->table = table;
    TAILQ_INSERT_TAIL(&session->streams, made, entry);
    TAILQ_INSERT_TAIL(&table->streams, made, table_entry);
    session->tagless_streams += config->suite->nt == 0 ? 1 : 0;
    rc = insert_keys(table, made, config);
    if (rc != 0) {
        /* Workers may have seen some of its keys: it goes the way of all streams. */
        rs_table_remove(table, made);
        return rc;
    }
    *stream = made;
    return 0;
}

/* ---- the end of a stream ------------------------------------------------------------------ */

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
    struct rs_stream_slot *slot = mail->subject;
    struct rs_stream *stream = slot->stream;
    struct rs_session *session = stream->session;

    if (--stream->workers_waited_for > 0)
        return NULL;
    table->waiting--;
    for (unsigned int w = 0; w < table->worker_count; w++)
        rs_counters_add(&session->past[stream->direction], &stream->slots[w].counters);
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

bool rs_table_busy(const struct rs_table *table)
{
    return table->waiting > 0;
}

/* ---- finding ------------------------------------------------------------------------------ */

uint32_t rs_table_shapes(const struct rs_table *table, unsigned int link,
                         enum rs_direction direction)
{
    return atomic_load_explicit(&table->shapes[link][direction], memory_order_acquire);
}

void rs_table_find_burst(const struct rs_table *table, const struct rs_flow_key *keys[],
                         unsigned int n, struct rs_stream *found[])
{
    void *data[RTE_HASH_LOOKUP_BULK_MAX];
    uint64_t hits = 0;

    rte_hash_lookup_bulk_data(table->hash, (const void **)(uintptr_t)keys, n, &hits, data);
    for (unsigned int i = 0; i < n; i++)
        found[i] = hits >> i & 1 ? data[i] : NULL;
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

struct rs_table *rs_table_create(uint32_t max_streams, unsigned int worker_count,
                                 struct rs_mailbox *const *worker_mail, int wake_fd)
{
    struct rs_table *table = calloc(1, sizeof(*table));
    struct rte_hash_parameters parameters = {
        .name = "rs_flows",
        /* a cuckoo table takes its last few entries unwillingly */
        .entries = max_streams + max_streams / 4 + 64,
        .key_len = sizeof(struct rs_flow_key),
        .socket_id = SOCKET_ID_ANY,
        .extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
    };

    if (table == NULL)
        return NULL;
    table->worker_mail = worker_mail;
    table->worker_count = worker_count;
    table->wake_fd = wake_fd;
    TAILQ_INIT(&table->streams);
    table->hash = rte_hash_create(&parameters);
    if (table->hash == NULL) {
        rs_log(RS_LOG_ERROR, "limits.streams: no memory for %u streams; raise memory.mb",
               max_streams);
        free(table);
        errno = ENOMEM;
        return NULL;
    }
    return table;
}

void rs_table_destroy(struct rs_table *table)
{
    struct rs_stream *stream;

    if (table == NULL)
        return;
    while ((stream = TAILQ_FIRST(&table->streams)) != NULL) {
        free_stream(table, stream);
    }
    rte_hash_free(table->hash);
    free(table);
}
