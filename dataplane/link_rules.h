/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a link lets through: its media ranges, and which plain packets pass where sealed ones are
 * opened. Main publishes new rules as a whole; workers read them under RCU, once per burst.
 */
#pragma once

#include <stddef.h>

#include "dataplane.h"
#include "injected.h"
#include "rcu.h"

/* Const once published. */
struct rs_link_rules {
    const struct rs_injected_set *injected;
    size_t media_count;
    struct rs_rcu_head rcu;
    struct rs_range media[];
};

/* Copies the ranges; NULL: no memory. Main. */
struct rs_link_rules *rs_link_rules_create(const struct rs_range *media, size_t media_count,
                                           enum rs_injected_policy injected);

/* Puts new rules into a link's place for them; the old ones, if any, go after a grace period that
 * is not waited for. Main. */
void rs_link_rules_publish(struct rs_link_rules **place, struct rs_link_rules *rules);
