/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK stops and starts a port as a whole, and meanwhile points those who poll it at functions that
 * complain. So workers rest while it is stopped, and find what they polled before: queues without
 * rings, which give and take nothing. Starting may then take its time.
 */
#include "redial.h"

#include <rte_alarm.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "dataplane_internal.h"
#include "rcu.h"

static void let_rest(const struct rs_dataplane *dp)
{
    for (unsigned int w = 0; w < dp->worker_count; w++)
        rs_worker_rest(dp->workers[w]);
    rs_rcu_wait(); /* each has ended the turn that it was in */
}

static void let_work(const struct rs_dataplane *dp)
{
    for (unsigned int w = 0; w < dp->worker_count; w++)
        rs_worker_resume(dp->workers[w]);
}

static void stop(const struct rs_dataplane *dp, uint16_t port)
{
    struct rte_eth_fp_ops polled;

    let_rest(dp);
    polled = rte_eth_fp_ops[port];
    rte_eth_dev_stop(port);
    rte_eth_fp_ops[port] = polled;
    let_work(dp);
}

/* An alarm: EAL's interrupt thread, which also hears of peers that come and go. */
static void call(void *context)
{
    struct rs_redial *redial = context;
    const int log = rte_log_register("pmd.net.memif"), level = rte_log_get_level((uint32_t)log);

    if (!rs_port_is_up(redial->port)) {
        stop(redial->dataplane, redial->port->id);
        rte_log_set_level((uint32_t)log, RTE_LOG_CRIT); /* that nobody answers is known */
        rte_eth_dev_start(redial->port->id);
        rte_log_set_level((uint32_t)log, (uint32_t)level);
    }
    atomic_store_explicit(&redial->under_way, false, memory_order_release);
}

void rs_redial(struct rs_redial *redial, const struct rs_dataplane *dataplane,
               const struct rs_port *port, uint64_t now_tsc)
{
    if (!port->calls || now_tsc < redial->next_tsc ||
        atomic_load_explicit(&redial->under_way, memory_order_acquire))
        return;
    redial->dataplane = dataplane;
    redial->port = port;
    redial->next_tsc = now_tsc + rte_get_tsc_hz();
    atomic_store_explicit(&redial->under_way, true, memory_order_relaxed);
    if (rte_eal_alarm_set(1, call, redial) != 0)
        atomic_store_explicit(&redial->under_way, false, memory_order_relaxed);
}
