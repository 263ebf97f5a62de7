/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dataplane as a whole: built up, changed as a whole, torn down. What is built is in the files
 * this one names; here is only the order.
 */
#include "dataplane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_launch.h>

#include "dataplane_internal.h"
#include "eal.h"
#include "links.h"
#include "poll.h"
#include "rcu.h"
#include "telemetry.h"

/* ---- workers ------------------------------------------------------------------------------ */

static void destroy_workers(struct rs_dataplane *dp)
{
    for (unsigned int w = 0; w < dp->worker_count; w++) {
        struct rs_worker *worker = dp->workers[w];

        if (worker == NULL)
            continue;
        rs_senders_destroy(worker->senders);
        rs_cipher_destroy(worker->cipher);
        free(worker->paths);
        rs_secret_wipe(worker, sizeof(*worker));
        free(worker);
    }
}

/* Every suite's known answers. Returns 0, or -EIO after logging which is wrong. */
static int test_cipher(struct rs_cipher *cipher)
{
    for (size_t i = 0; i < rs_suite_count; i++) {
        if (rs_cipher_self_test(cipher, &rs_suites[i]) != 0) {
            rs_log(RS_LOG_ERROR, "the cipher self-test of %s failed on %s: refusing to run",
                   rs_suites[i].name, rs_cipher_isa_name(cipher));
            return -EIO;
        }
    }
    return 0;
}

/* Each worker has an engine of its own, and none runs before that engine has been tested. */
static struct rs_worker *create_worker(struct rs_dataplane *dp, unsigned int index)
{
    struct rs_worker *worker = rs_lines_alloc(sizeof(*worker));
    uint64_t seed;

    if (worker == NULL)
        return NULL;
    dp->workers[index] = worker;
    dp->worker_mail[index] = &worker->from_main;
    worker->index = index;
    worker->flows = rs_table_flows(dp->table);
    worker->capture = &dp->capture;
    worker->tsc_hz = rte_get_tsc_hz();
    worker->pending_end = &worker->pending;
    worker->reseed = (struct rs_mail){.kind = RS_MAIL_RESEED, .worker = index, .subject = worker};
    worker->paths =
        rs_lines_alloc(dp->link_count * RS_DIRECTIONS * RS_MAX_WORKERS * sizeof(struct rs_path));
    worker->cipher = rs_cipher_create(RS_ISA_AUTO);
    if (worker->paths == NULL || worker->cipher == NULL)
        return NULL;
    if (test_cipher(worker->cipher) != 0) {
        errno = EIO;
        return NULL;
    }
    rs_cipher_random(worker->cipher, &seed, sizeof(seed));
    rs_newcomers_init(&worker->newcomers, seed, worker->tsc_hz);
    worker->senders = rs_senders_create(dp->pool, worker->cipher, index);
    return worker->senders != NULL ? worker : NULL;
}

static int create_workers(struct rs_dataplane *dp)
{
    for (unsigned int w = 0; w < dp->worker_count; w++) {
        if (create_worker(dp, w) == NULL) {
            rs_log(RS_LOG_ERROR, "worker %u cannot be made: %s", w, strerror(errno));
            return errno != 0 ? -errno : -ENOMEM;
        }
    }
    return 0;
}

static int launch_workers(struct rs_dataplane *dp)
{
    dp->launched = true;
    for (unsigned int w = 0; w < dp->worker_count; w++) {
        int rc = rte_eal_remote_launch(rs_worker_run, dp->workers[w], rs_eal_worker_lcore(w));

        if (rc != 0) {
            rs_log(RS_LOG_ERROR, "worker %u does not start on CPU %u: %s", w, dp->cpus[w],
                   strerror(-rc));
            return rc;
        }
    }
    return 0;
}

static void stop_workers(struct rs_dataplane *dp)
{
    if (!dp->launched)
        return;
    for (unsigned int w = 0; w < dp->worker_count; w++)
        rs_worker_stop(dp->workers[w]);
    for (unsigned int w = 0; w < dp->worker_count; w++)
        rte_eal_wait_lcore(rs_eal_worker_lcore(w));
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

static int check_config(const struct rs_dataplane_config *config)
{
    if (config->cpu_count == 0 || config->cpu_count > RS_MAX_WORKERS) {
        rs_log(RS_LOG_ERROR, "cpus: %zu given; 1 to %d are accepted", config->cpu_count,
               RS_MAX_WORKERS);
        return -EINVAL;
    }
    if (config->link_count == 0 || config->link_count > RS_MAX_LINKS) {
        rs_log(RS_LOG_ERROR, "links: %zu given; 1 to %d are accepted", config->link_count,
               RS_MAX_LINKS);
        return -EINVAL;
    }
    return 0;
}

static int create_cipher(struct rs_dataplane *dp)
{
    dp->cipher = rs_cipher_create(RS_ISA_AUTO);
    if (dp->cipher == NULL) {
        rs_log(RS_LOG_ERROR, "IPsec-MB does not start on this CPU: %s; AES-NI is required",
               strerror(errno));
        return errno != 0 ? -errno : -ENOTSUP;
    }
    return test_cipher(dp->cipher);
}

static int create_shared(struct rs_dataplane *dp, const struct rs_dataplane_config *config)
{
    dp->counters = rs_lines_alloc(dp->worker_count * sizeof(*dp->counters));
    dp->keys =
        rs_keys_create(dp->cipher, dp->worker_count, dp->worker_mail, dp->observer, dp->wake_fd);
    dp->table =
        rs_table_create(config->max_streams, dp->worker_count, dp->worker_mail, dp->wake_fd);
    dp->pool = rs_sender_pool_create(config->max_senders, dp->worker_count);
    if (dp->counters != NULL && dp->keys != NULL && dp->table != NULL && dp->pool != NULL)
        return 0;
    rs_log(RS_LOG_ERROR, "dataplane: no memory for keys, streams and senders");
    return -ENOMEM;
}

/* In order; each step logs what stops it. */
static int build(struct rs_dataplane *dp, const struct rs_dataplane_config *config)
{
    int rc = check_config(config);

    if (rc != 0)
        return rc;
    rs_secret_set_policy(config->lock_policy);
    dp->locked = config->lock_policy == RS_LOCK_REQUIRED;
    dp->worker_count = (unsigned int)config->cpu_count;
    memcpy(dp->cpus, config->cpus, config->cpu_count * sizeof(dp->cpus[0]));
    dp->max_sessions = config->max_sessions;
    rc = rs_eal_start(config, &dp->hugepages);
    if (rc != 0)
        return rc;
    rs_alarm_init(&dp->alarm, config->auth_failure_alarm, dp->worker_count, rte_get_tsc_hz());
    rs_shortages_init(&dp->sweep.shortages, dp->worker_count, rte_get_tsc_hz());
    rs_stall_watch_init(&dp->stall_watch, dp->worker_count, rte_get_tsc_hz());
    rs_rcu_enter_offline();
    if ((rc = rs_poll_open(dp)) != 0 || (rc = create_cipher(dp)) != 0 ||
        (rc = create_shared(dp, config)) != 0 || (rc = rs_links_open(dp, config)) != 0 ||
        (rc = create_workers(dp)) != 0 || (rc = rs_links_start(dp)) != 0)
        return rc;
    rs_poll_set_timer(dp);
    rc = launch_workers(dp);
    if (rc == 0)
        rs_telemetry_show(dp);
    return rc;
}

struct rs_dataplane *rs_dataplane_create(const struct rs_dataplane_config *config,
                                         const struct rs_observer *observer)
{
    struct rs_dataplane *dp = calloc(1, sizeof(*dp));
    int rc;

    if (dp == NULL) {
        rs_log(RS_LOG_ERROR, "dataplane: no memory");
        return NULL;
    }
    dp->observer = observer;
    dp->epoll_fd = dp->wake_fd = dp->timer_fd = -1;
    TAILQ_INIT(&dp->sessions);
    TAILQ_INIT(&dp->notices);
    rc = build(dp, config);
    if (rc == 0)
        return dp;
    rs_dataplane_destroy(dp);
    errno = -rc;
    return NULL;
}

static void destroy_sessions(struct rs_dataplane *dp)
{
    struct rs_session *session;

    while ((session = TAILQ_FIRST(&dp->sessions)) != NULL) {
        if (!session->ended)
            free(session->ring);
        session->ended = true;
        rs_session_free_if_over(session);
    }
}

void rs_dataplane_destroy(struct rs_dataplane *dp)
{
    rs_telemetry_hide();
    stop_workers(dp);
    if (dp->capture != NULL)
        rs_capture_destroy(dp->capture);
    if (dp->cipher != NULL)
        rs_rcu_drain();
    rs_links_close(dp);
    rs_table_destroy(dp->table);
    destroy_sessions(dp);
    destroy_workers(dp);
    rs_sender_pool_destroy(dp->pool);
    rs_keys_destroy(dp->keys);
    if (dp->cipher != NULL)
        rs_cipher_destroy(dp->cipher);
    free(dp->counters);
    rs_poll_close(dp);
    /* Not rs_eal_stop: EAL's interrupt thread goes on, and reads memory which that takes away where
     * a peer of a port that was closed shows itself once more. The process ends soon. */
    free(dp);
}

/* ---- changes while it runs ---------------------------------------------------------------- */

void rs_dataplane_set_owner(struct rs_dataplane *dp, void *owner)
{
    dp->owner = owner;
}

void rs_dataplane_set_auth_failure_alarm(struct rs_dataplane *dp, uint32_t per_second)
{
    rs_alarm_set_limit(&dp->alarm, per_second);
}

void rs_dataplane_set_max_sessions(struct rs_dataplane *dp, uint32_t max_sessions)
{
    dp->max_sessions = max_sessions;
}

int rs_dataplane_set_link(struct rs_dataplane *dp, unsigned int link, const struct rs_range *media,
                          size_t media_count, enum rs_injected_policy injected)
{
    struct rs_link_rules *rules = rs_link_rules_create(media, media_count, injected);

    if (rules == NULL)
        return -ENOMEM;
    rs_link_rules_publish(&dp->links[link].rules, rules);
    return 0;
}
