/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers are made on DPDK's telemetry threads, from counters that are read without a word to their
 * workers. A command once registered stays, so what it is about is a pointer that main sets and
 * takes away again.
 */
#include "telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_telemetry.h>

#include "dataplane_internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct rs_dataplane *shown; /* under `lock`; NULL: none */

/* Fills one dictionary. Returns 0, or less. */
typedef int fill_fn(const struct rs_dataplane *dp, unsigned int n, struct rte_tel_data *out);

/* Adds what `fill` says of `n` as a dictionary under a name. */
static int add(const struct rs_dataplane *dp, struct rte_tel_data *out, const char *name,
               fill_fn *fill, unsigned int n)
{
    struct rte_tel_data *inner = rte_tel_data_alloc();
    int rc;

    if (inner == NULL)
        return -ENOMEM;
    rc = rte_tel_data_start_dict(inner);
    if (rc == 0)
        rc = fill(dp, n, inner);
    if (rc == 0)
        rc = rte_tel_data_add_dict_container(out, name, inner, 0);
    if (rc != 0)
        rte_tel_data_free(inner);
    return rc;
}

/* ---- what is said ------------------------------------------------------------------------- */

static int add_outcome(struct rte_tel_data *out, const struct rs_counters *sum,
                       enum rs_outcome outcome)
{
    return rte_tel_data_add_dict_u64(out, rs_outcome_name(outcome), sum->outcomes[outcome]);
}

static int fill_passes(const struct rs_dataplane *dp, unsigned int direction,
                       struct rte_tel_data *out)
{
    struct rs_counters sum;
    int rc = 0;

    rs_dataplane_get_counters(dp, RS_ALL, RS_ALL, (enum rs_direction)direction, &sum);
    for (unsigned int o = 0; o < RS_OUTCOMES && rc == 0; o++) {
        if (!rs_outcome_is_drop((enum rs_outcome)o))
            rc = add_outcome(out, &sum, (enum rs_outcome)o);
    }
    return rc;
}

static int fill_drops(const struct rs_dataplane *dp, unsigned int direction,
                      struct rte_tel_data *out)
{
    struct rs_counters sum;
    int rc = 0;

    rs_dataplane_get_counters(dp, RS_ALL, RS_ALL, (enum rs_direction)direction, &sum);
    for (unsigned int o = 0; o < RS_OUTCOMES && rc == 0; o++) {
        if (rs_outcome_is_drop((enum rs_outcome)o))
            rc = add_outcome(out, &sum, (enum rs_outcome)o);
    }
    return rc;
}

static int fill_sums(const struct rs_dataplane *dp, unsigned int direction,
                     struct rte_tel_data *out)
{
    struct rs_counters sum;

    rs_dataplane_get_counters(dp, RS_ALL, RS_ALL, (enum rs_direction)direction, &sum);
    if (rte_tel_data_add_dict_u64(out, "packets_in", sum.packets_in) != 0 ||
        rte_tel_data_add_dict_u64(out, "bytes_in", sum.bytes_in) != 0 ||
        rte_tel_data_add_dict_u64(out, "packets_out", sum.packets_out) != 0 ||
        rte_tel_data_add_dict_u64(out, "bytes_out", sum.bytes_out) != 0)
        return -ENOSPC;
    return add(dp, out, "passes", fill_passes, direction);
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* rs_dataplane_get_worker says more, which is main's alone. */
static int fill_worker(const struct rs_dataplane *dp, unsigned int index, struct rte_tel_data *out)
{
    const struct rs_worker *worker = dp->workers[index];

    if (rte_tel_data_add_dict_u64(out, "cpu", dp->cpus[index]) != 0 ||
        rte_tel_data_add_dict_u64(out, "busy_cycles", load(&worker->busy_cycles)) != 0 ||
        rte_tel_data_add_dict_u64(out, "idle_cycles", load(&worker->idle_cycles)) != 0 ||
        rte_tel_data_add_dict_u64(out, "turns", load(&worker->turns)) != 0 ||
        rte_tel_data_add_dict_u64(out, "senders", rs_senders_in_use(worker->senders)) != 0)
        return -ENOSPC;
    return 0;
}

static int add_directions(const struct rs_dataplane *dp, struct rte_tel_data *out, fill_fn *fill)
{
    const int rc = add(dp, out, "seal", fill, RS_SEAL);

    return rc != 0 ? rc : add(dp, out, "open", fill, RS_OPEN);
}

static int add_workers(const struct rs_dataplane *dp, struct rte_tel_data *out)
{
    int rc = 0;

    for (unsigned int w = 0; w < dp->worker_count && rc == 0; w++) {
        char name[32];

        snprintf(name, sizeof(name), "worker_%u", w);
        rc = add(dp, out, name, fill_worker, w);
    }
    return rc;
}

/* ---- commands ----------------------------------------------------------------------------- */

static int say_stats(const struct rs_dataplane *dp, struct rte_tel_data *out)
{
    return add_directions(dp, out, fill_sums);
}

static int say_drops(const struct rs_dataplane *dp, struct rte_tel_data *out)
{
    return add_directions(dp, out, fill_drops);
}

static const struct {
    const char *name;
    int (*say)(const struct rs_dataplane *dp, struct rte_tel_data *out);
    const char *help;
} commands[] = {
    {"/rtpseal/stats", say_stats,
     "Packets and bytes in and out, and what passed as what, both ways. Takes no parameters"},
    {"/rtpseal/drops", say_drops, "Packets dropped, by name, both ways. Takes no parameters"},
    {"/rtpseal/workers", add_workers,
     "CPU, cycles, turns and senders of each worker. Takes no parameters"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* Telemetry's thread. Less than 0: the client is answered null. */
static int answer(const char *name, const char *parameters, struct rte_tel_data *out)
{
    int rc = -ENOENT;

    (void)parameters;
    pthread_mutex_lock(&lock);
    for (unsigned int c = 0; c < COMMANDS && shown != NULL; c++) {
        if (strcmp(name, commands[c].name) != 0)
            continue;
        rc = rte_tel_data_start_dict(out);
        if (rc == 0)
            rc = commands[c].say(shown, out);
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

/* ---- main --------------------------------------------------------------------------------- */

static void show(const struct rs_dataplane *dp)
{
    pthread_mutex_lock(&lock);
    shown = dp;
    pthread_mutex_unlock(&lock);
}

void rs_telemetry_show(const struct rs_dataplane *dp)
{
    for (unsigned int c = 0; c < COMMANDS; c++) {
        if (rte_telemetry_register_cmd(commands[c].name, answer, commands[c].help) != 0)
            rs_log(RS_LOG_WARNING, "DPDK's telemetry does not take %s", commands[c].name);
    }
    show(dp);
}

void rs_telemetry_hide(void)
{
    show(NULL);
}
