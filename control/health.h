/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the daemon does its work: its workers, its ports, and whether it takes anything new. Main
 * thread alone. */
#pragma once

#include <jansson.h>

#include "dataplane/dataplane.h"

struct rs_control;

/* The dataplane's observer; `owner` is the registry. */
void rs_health_worker_stalled(void *owner, const struct rs_stall_report *report);
void rs_health_port_changed(void *owner, const struct rs_port_report *report);

/* Starts or ends draining, and says so if that is a change. */
enum rs_drain { RS_DRAIN_BEGIN, RS_DRAIN_CANCEL };
void rs_health_drain(struct rs_control *control, enum rs_drain drain);

/* A new object: `alive`, `ready`, `draining`, `reasons` why not ready, `workers`, `ports`. */
json_t *rs_health_json(const struct rs_control *control);
