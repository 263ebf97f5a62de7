/* SPDX-License-Identifier: BSD-3-Clause */
/* Notices that have come to main and are still to be told of, oldest first. Main. */
#pragma once

#include <sys/queue.h>

#include "notice.h"

TAILQ_HEAD(rs_notice_list, rs_notice);

/* Puts a notice whose mail has come last. */
static inline void rs_notice_queue_add(struct rs_notice_list *queue, struct rs_notice *notice)
{
    notice->queued = true;
    TAILQ_INSERT_TAIL(queue, notice, queue_entry);
}

/* Takes it out, if it is there: it is to be told of now, or never. */
static inline void rs_notice_queue_remove(struct rs_notice_list *queue, struct rs_notice *notice)
{
    if (notice->queued)
        TAILQ_REMOVE(queue, notice, queue_entry);
    notice->queued = false;
}
