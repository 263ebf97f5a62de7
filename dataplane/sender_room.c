/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which sender makes room for another when the pool is empty: the worker's own that was idle for
 * longest, and never one that the burst refers to. What it leaves behind is in sender_record.h.
 */
#include "sender_internal.h"

#include <rte_cycles.h>

#include "table.h"

enum {
    LOOKS = 40,     /* senders looked at for an idle one: more than a burst has packets */
    SEAL_IDLE_S = 1 /* a stream without a packet for so long may lose its sender */
};

_Static_assert((int)LOOKS > (int)RS_BURST_MAX, "a burst's own senders do not hide the idle ones");

/*
 * One that opens may go as soon as no packet of the burst needs it: it comes back under the same
 * KID. One that seals comes back as a new sender, which every receiver has to take in, so streams
 * in use must not take turns at it.
 */
void rs_senders_init_idle(struct rs_senders *senders)
{
    senders->idle_tsc[RS_OPEN] = 0;
    senders->idle_tsc[RS_SEAL] = SEAL_IDLE_S * rte_get_tsc_hz();
    TAILQ_INIT(&senders->idle[RS_OPEN]);
    TAILQ_INIT(&senders->idle[RS_SEAL]);
}

void rs_sender_list_last(struct rs_senders *senders, struct rs_sender *sender)
{
    sender->listed_tsc = senders->now_tsc;
    TAILQ_INSERT_TAIL(&senders->idle[rs_slot_stream(sender->slot)->direction], sender, idle_entry);
}

/*
 * The sender that was idle for longest, or about so: one at the front that was used since it was
 * listed has a second chance at the end, so that no packet has to move its sender in a list.
 */
static struct rs_sender *find_idle(struct rs_senders *senders, enum rs_direction direction)
{
    struct rs_idle_list *list = &senders->idle[direction];
    const uint64_t now = senders->now_tsc;
    struct rs_sender *oldest = NULL, *sender;

    for (unsigned int i = 0; i < LOOKS && (sender = TAILQ_FIRST(list)) != NULL; i++) {
        /* Never true of a sender of this burst, whose used_tsc is `now`. */
        const bool idle = sender->used_tsc + senders->idle_tsc[direction] < now;

        if (idle && sender->used_tsc <= sender->listed_tsc && sender->listed_tsc < now)
            return sender;
        if (idle && (oldest == NULL || sender->used_tsc < oldest->used_tsc))
            oldest = sender;
        TAILQ_REMOVE(list, sender, idle_entry);
        rs_sender_list_last(senders, sender);
    }
    return oldest;
}

/* Where there is no room for its record it stays: what was opened is never forgotten. */
static bool end_opening(struct rs_senders *senders, struct rs_sender *sender)
{
    if (sender->replay == NULL)
        rs_sender_leave_index(senders, sender);
    else if (!rs_sender_leave_record(senders, sender))
        return false;
    rs_sender_unlink(senders, sender);
    return true;
}

/* Ends the sender that was idle for longest, and returns it, not wiped yet. */
static struct rs_sender *make_room(struct rs_senders *senders)
{
    struct rs_sender *seals = find_idle(senders, RS_SEAL);
    struct rs_sender *opens = find_idle(senders, RS_OPEN);

    if (opens != NULL && (seals == NULL || opens->used_tsc < seals->used_tsc) &&
        end_opening(senders, opens))
        return opens;
    if (seals != NULL)
        rs_sender_unlink(senders, seals);
    return seals;
}

struct rs_sender *rs_senders_draw(struct rs_senders *senders)
{
    struct rs_sender *sender = rs_sender_draw(&senders->cache, RS_SENDER_RESERVE);

    if (sender != NULL || senders->barren_tsc == senders->now_tsc)
        return sender;
    sender = make_room(senders);
    if (sender == NULL)
        senders->barren_tsc = senders->now_tsc;
    else
        rs_sender_renew(&senders->cache, sender);
    return sender;
}
