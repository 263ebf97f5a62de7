/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of a link, from main's hands into the workers'. What they mean is classify.c's and
 * open.c's. */
#include "link_rules.h"

#include <stdlib.h>
#include <string.h>

#include "cache_line.h"

struct rs_link_rules *rs_link_rules_create(const struct rs_range *media, size_t media_count,
                                           enum rs_injected_policy injected)
{
    const size_t bytes = media_count * sizeof(*media);
    struct rs_link_rules *rules = rs_lines_alloc(sizeof(*rules) + bytes);

    if (rules == NULL)
        return NULL;
    rules->injected = injected == RS_INJECTED_PASS_KNOWN ? &rs_injected_known : &rs_injected_none;
    rules->media_count = media_count;
    if (bytes > 0)
        memcpy(rules->media, media, bytes);
    return rules;
}

static void free_rules(struct rs_rcu_head *head)
{
    free(caa_container_of(head, struct rs_link_rules, rcu));
}

void rs_link_rules_publish(struct rs_link_rules **place, struct rs_link_rules *rules)
{
    struct rs_link_rules *old = *place;

    rs_rcu_publish(*place, rules);
    if (old != NULL)
        rs_rcu_after_grace(&old->rcu, free_rules);
}
