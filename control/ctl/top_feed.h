/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks a daemon, again and again, and hands on what it says: samples and events, each by a thread
 * and a connection of its own, so that who waits for them waits for nothing else. A daemon that
 * does not answer holds up those threads alone.
 */
#pragma once

#include "top_sample.h"

struct rs_top_feed;

/* What has come since it was last asked for. All belongs to who took it. */
struct rs_top_news {
    struct rs_top_sample *sample; /* the newest; NULL: none */
    json_t *events;               /* list, oldest first; the last thousand at most */
    json_t *refused;              /* the error that the daemon refused to be asked with, or NULL */
    int error;                    /* 0, or -errno: why there is no daemon at present */
};

/*
 * Starts asking the daemon at `socket` every `interval_ms`, and once at once. `earlier` of the
 * events that the daemon still has come first. The caller's thread waits for rs_top_feed_fd to be
 * readable. Both threads live as long as the process. Returns 0, or -errno.
 */
int rs_top_feed_start(const char *socket, unsigned int interval_ms, unsigned int earlier,
                      struct rs_top_feed **feed);
int rs_top_feed_fd(const struct rs_top_feed *feed);
unsigned int rs_top_feed_interval_ms(const struct rs_top_feed *feed);

/* Never blocks. */
void rs_top_feed_take(struct rs_top_feed *feed, struct rs_top_news *news);

/* Why there is no daemon, in words. */
const char *rs_top_feed_why(int error);
