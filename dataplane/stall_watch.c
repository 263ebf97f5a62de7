/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers that hang. Main looks at their turns out of poll, so a main that was itself kept from its
 * CPU knows nothing of that time: it counts against nobody.
 */
#include "stall_watch.h"

enum { MS_PER_S = 1000, MAIN_AWAY_MS = 500 };

void rs_stall_watch_init(struct rs_stall_watch *watch, unsigned int worker_count, uint64_t tsc_hz)
{
    *watch = (struct rs_stall_watch){.worker_count = worker_count, .tsc_hz = tsc_hz};
}

static uint64_t to_ms(const struct rs_stall_watch *watch, uint64_t tsc)
{
    return tsc * MS_PER_S / watch->tsc_hz;
}

static void tell(const struct rs_stall_watch *watch, unsigned int worker, unsigned int cpu,
                 enum rs_alarm_state state, const struct rs_observer *observer, void *owner,
                 uint64_t now)
{
    const struct rs_stall_report report = {
        .state = state,
        .worker = worker,
        .cpu = cpu,
        .stalled_ms = to_ms(watch, now - watch->workers[worker].since_tsc),
    };

    if (observer->worker_stalled != NULL && owner != NULL)
        observer->worker_stalled(owner, &report);
}

void rs_stall_watch_poll(struct rs_stall_watch *watch, const uint64_t turns[],
                         const unsigned int cpus[], const struct rs_observer *observer, void *owner,
                         uint64_t now_tsc)
{
    const bool away =
        watch->polled_tsc == 0 || to_ms(watch, now_tsc - watch->polled_tsc) > MAIN_AWAY_MS;

    watch->polled_tsc = now_tsc;
    for (unsigned int w = 0; w < watch->worker_count; w++) {
        const bool moved = turns[w] != watch->workers[w].turns;

        if (moved && watch->workers[w].told) {
            watch->workers[w].told = false;
            tell(watch, w, cpus[w], RS_ALARM_ENDED, observer, owner, now_tsc);
        }
        watch->workers[w].turns = turns[w];
        if (moved || (away && !watch->workers[w].told))
            watch->workers[w].since_tsc = now_tsc;
        if (owner != NULL && !watch->workers[w].told &&
            to_ms(watch, now_tsc - watch->workers[w].since_tsc) >= RS_STALL_MS) {
            watch->workers[w].told = true;
            tell(watch, w, cpus[w], RS_ALARM_BEGUN, observer, owner, now_tsc);
        }
    }
}

uint64_t rs_stall_watch_get_ms(const struct rs_stall_watch *watch, unsigned int worker)
{
    const uint64_t ms = to_ms(watch, watch->polled_tsc - watch->workers[worker].since_tsc);

    return ms >= RS_STALL_MS ? ms : 0;
}
