/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's environment: memory, threads and their CPUs, which devices it may look at. Cold. */
#pragma once

#include <stdbool.h>

#include "dataplane.h"

/*
 * Moves the calling thread, from now on the main thread, off the workers' CPUs and starts EAL with
 * one worker lcore per CPU of `config`. Sets *hugepages to whether memory comes from hugepages. At
 * most once per process. Returns 0, or -errno after logging what is wrong; a second try then needs
 * a new process.
 */
int rs_eal_start(const struct rs_dataplane_config *config, bool *hugepages);

/* Ends EAL, for programs whose ports have no peers. Main thread, when no worker runs and every port
 * is closed. */
void rs_eal_stop(void);

/* The lcore of worker `worker`, which is pinned to config->cpus[worker]. Any thread. */
unsigned int rs_eal_worker_lcore(unsigned int worker);
