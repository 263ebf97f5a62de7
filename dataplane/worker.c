/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's loop: all stages in order, once per path and turn, then a quiescent state, then mail.
 * What main asks for is done a little per turn, so that no packet waits for it.
 */
#include "worker.h"

#include <rte_cycles.h>
#include <rte_pause.h>

#include "opener.h"

enum {
    MOVES_PER_TURN = 4, /* streams that take up a new key */
    WIPES_PER_TURN = 16 /* senders wiped, or records of them */
};

/* ---- mail --------------------------------------------------------------------------------- */

static void append_pending(struct rs_worker *worker, struct rs_mail *mail)
{
    mail->next = NULL;
    *worker->pending_end = mail;
    worker->pending_end = &mail->next;
}

static void observe_key(struct rs_worker *worker, struct rs_mail *mail)
{
    struct rs_key *key = mail->subject;

    /* The quiescent state before this mail was taken: the next burst sees the new ring. */
    atomic_store_explicit(&key->workers[worker->index].observed_tsc, rte_rdtsc(),
                          memory_order_relaxed);
    rs_mail_post(&worker->to_main, mail);
}

static void take_mail(struct rs_worker *worker)
{
    struct rs_mail *mail = rs_mail_take_all(&worker->from_main), *next;

    for (; mail != NULL; mail = next) {
        next = mail->next;
        switch (mail->kind) {
        case RS_MAIL_OBSERVE_KEY:
            observe_key(worker, mail);
            break;
        case RS_MAIL_RESEED:
            rs_cipher_reseed(worker->cipher, worker->seed);
            rs_secret_wipe(worker->seed, sizeof(worker->seed));
            rs_mail_post(&worker->to_main, mail);
            break;
        default:
            append_pending(worker, mail);
        }
    }
}

/* Wipes some of what a retired key or a removed stream has left here. Returns whether all. */
static bool wipe_some(struct rs_worker *worker, const struct rs_mail *mail)
{
    if (mail->kind == RS_MAIL_WIPE_KEY)
        return rs_senders_wipe_key(worker->senders, mail->subject, worker->index, WIPES_PER_TURN);
    return rs_senders_wipe_slot(worker->senders, rs_slot_of_mail(mail), WIPES_PER_TURN);
}

static void work_on_pending(struct rs_worker *worker)
{
    struct rs_mail *mail = worker->pending;

    if (likely(mail == NULL) || !wipe_some(worker, mail))
        return;
    worker->pending = mail->next;
    if (worker->pending == NULL)
        worker->pending_end = &worker->pending;
    rs_mail_post(&worker->to_main, mail);
}

/* ---- the loop ----------------------------------------------------------------------------- */

static void add_to(_Atomic uint64_t *counter, uint64_t count)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

_Static_assert(1 << (RS_BURST_SIZES - 1) == RS_BURST_MAX, "every burst has a size");

/* The smallest i with 2^i >= n, which is not 0. */
static unsigned int burst_size(unsigned int n)
{
    return n == 1 ? 0 : 32 - (unsigned int)__builtin_clz(n - 1);
}

/* One burst of one path, through every stage. Returns how many packets it had, or handed on. */
static unsigned int run_path(struct rs_worker *worker, const struct rs_path *path)
{
    struct rs_burst *burst = &worker->burst;

    burst->path = path;
    burst->now_tsc = rte_rdtsc();
    if (unlikely(path->too_big != NULL) && path->direction == RS_OPEN)
        rs_too_big_send(path->too_big, path->tx_port, path->tx_queue);
    if (unlikely(path->spread != NULL))
        rs_spread_flush(path);
    rs_rx(worker, burst);
    if (burst->received == 0)
        return burst->set_aside;
    burst->rules = rs_rcu_read(*path->rules);
    burst->capture = rs_rcu_read(*worker->capture);
    add_to(&worker->bursts[burst_size(burst->received)], 1);
    rs_senders_begin_burst(worker->senders, burst->now_tsc);
    rs_classify(worker, burst);
    rs_lookup(worker, burst);
    if (unlikely(burst->capture != NULL))
        rs_capture_keep(burst->capture, worker, burst);
    path->crypt(worker, burst);
    rs_tx(worker, burst);
    return burst->received + burst->set_aside;
}

/* Whether there is another turn; not before a rest is over. */
static bool may_work(const struct rs_worker *worker)
{
    int order;

    while (unlikely((order = atomic_load_explicit(&worker->order, memory_order_acquire)) !=
                    RS_ORDER_WORK)) {
        if (order == RS_ORDER_STOP)
            return false;
        rs_rcu_quiescent();
        rte_pause();
    }
    return true;
}

static void exchange(struct rs_worker *worker, int from, int to)
{
    atomic_compare_exchange_strong_explicit(&worker->order, &from, to, memory_order_acq_rel,
                                            memory_order_relaxed);
}

void rs_worker_rest(struct rs_worker *worker)
{
    exchange(worker, RS_ORDER_WORK, RS_ORDER_REST);
}

void rs_worker_resume(struct rs_worker *worker)
{
    exchange(worker, RS_ORDER_REST, RS_ORDER_WORK);
}

void rs_worker_stop(struct rs_worker *worker)
{
    atomic_store_explicit(&worker->order, RS_ORDER_STOP, memory_order_release);
}

int rs_worker_run(void *context)
{
    struct rs_worker *worker = context;
    uint64_t turn_began = rte_rdtsc();

    rs_rcu_enter();
    while (may_work(worker)) {
        unsigned int packets = 0;
        uint64_t now;

        worker->moves_left = MOVES_PER_TURN;
        for (unsigned int i = 0; i < worker->path_count; i++)
            packets += run_path(worker, &worker->paths[i]);
        rs_rcu_quiescent();
        take_mail(worker);
        work_on_pending(worker);
        now = rte_rdtsc();
        add_to(&worker->turns, 1);
        add_to(packets > 0 ? &worker->busy_cycles : &worker->idle_cycles, now - turn_began);
        turn_began = now;
        if (packets == 0)
            rte_pause();
    }
    rs_rcu_leave();
    return 0;
}
