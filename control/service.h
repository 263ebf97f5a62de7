/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What systemd is told of the daemon (sd_notify): that it is ready, reloads, ends; and, for as long
 * as all workers move, that it lives. Nothing where nobody asks. Main thread.
 */
#pragma once

struct rs_control;
struct rs_service;

/* Says READY, and from then on feeds the watchdog, if the service manager has set one, at half of
 * its time, but only while no worker hangs. NULL without memory. */
struct rs_service *rs_service_create(struct rs_control *control);

/* Says STOPPING. NULL: nothing. */
void rs_service_destroy(struct rs_service *service);

/* Around a reload. */
void rs_service_reloading(void);
void rs_service_reloaded(void);
