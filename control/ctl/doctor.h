/* SPDX-License-Identifier: BSD-3-Clause */
/* `rtpsealctl doctor`: what on this host stops the daemon or slows it, and what mends that. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_doctor;

/* What it finds on this host, with the configuration that the options name: a list as --json prints
 * it, the caller's. */
json_t *rs_doctor_findings(const struct rs_args *args);
