/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A round over all streams. Neither the streams looked at in one poll nor what is told of them are
 * more than main has time for; a round of many streams takes several polls.
 */
#include "sweep.h"

#include <rte_cycles.h>

#include "dataplane_internal.h"
#include "poll.h"

enum { ROUNDS_PER_SECOND = 10, STREAMS_PER_POLL = 4096 };

static void begin_round(struct rs_dataplane *dp, uint64_t now)
{
    struct rs_sweep *sweep = &dp->sweep;
    uint64_t totals[RS_SHORTAGES] = {0};

    for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
        struct rs_counters sum;

        rs_dataplane_get_counters(dp, RS_ALL, RS_ALL, (enum rs_direction)d, &sum);
        for (unsigned int s = 0; s < RS_SHORTAGES; s++)
            totals[s] += sum.outcomes[rs_shortage_outcome((enum rs_shortage)s)];
    }
    rs_shortages_begin_round(&sweep->shortages, totals);
    sweep->looks_for_wrong_tags = rs_alarm_was_enabled(&dp->alarm);
    sweep->round_at_tsc = now + rte_get_tsc_hz() / ROUNDS_PER_SECOND;
    sweep->under_way = true;
    rs_table_begin_sweep(dp->table);
}

static unsigned int look(struct rs_dataplane *dp, struct rs_stream *stream, uint64_t now)
{
    struct rs_sweep *sweep = &dp->sweep;
    unsigned int told;

    if (sweep->looks_for_wrong_tags)
        rs_alarm_catch_up(&dp->alarm, stream, now);
    told = rs_activity_look(stream, dp->worker_count, rte_get_tsc_hz(), dp->observer, now);
    return told + rs_shortages_look(&sweep->shortages, stream, dp->observer, now);
}

void rs_sweep_poll(struct rs_dataplane *dp, uint64_t now)
{
    struct rs_sweep *sweep = &dp->sweep;
    unsigned int told = 0;

    if (!sweep->under_way) {
        if (now < sweep->round_at_tsc)
            return;
        begin_round(dp, now);
    }
    for (unsigned int looks = 0; looks < STREAMS_PER_POLL && told < RS_TELLS_PER_POLL; looks++) {
        struct rs_stream *stream = rs_table_sweep(dp->table);

        if (stream == NULL) {
            sweep->under_way = false;
            return;
        }
        if (stream->owner != NULL)
            told += look(dp, stream, now);
    }
}
