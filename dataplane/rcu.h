/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only user of liburcu (QSBR flavour). Workers read under RCU without ever marking it: they
 * announce a quiescent state once per turn of their loop. Main is offline except while it hands a
 * callback over, so that it never holds up a grace period.
 */
#pragma once

/* Reading a pointer and announcing a quiescent state are then a load and a store, not calls. */
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-qsbr.h>

#include <urcu-call-rcu.h>
#include <urcu-pointer.h>

#define rs_rcu_head rcu_head

/* Worker: before its first read of a published pointer, and after its last. */
static inline void rs_rcu_enter(void)
{
    urcu_qsbr_register_thread();
}

static inline void rs_rcu_leave(void)
{
    urcu_qsbr_unregister_thread();
}

/* Worker: holds no published pointer now. */
static inline void rs_rcu_quiescent(void)
{
    urcu_qsbr_quiescent_state();
}

/* Main: registered for rs_rcu_after_grace, and offline. */
static inline void rs_rcu_enter_offline(void)
{
    urcu_qsbr_register_thread();
    urcu_qsbr_thread_offline();
}

/*
 * Main: runs `callback` on liburcu's own thread once no worker can hold what was unlinked before
 * this call. Does not wait. The callback must not touch what main owns.
 */
static inline void rs_rcu_after_grace(struct rs_rcu_head *head,
                                      void (*callback)(struct rs_rcu_head *))
{
    urcu_qsbr_thread_online();
    urcu_qsbr_call_rcu(head, callback);
    urcu_qsbr_thread_offline();
}

/* Neither main nor a worker: waits until each worker has announced a quiescent state, or left. */
static inline void rs_rcu_wait(void)
{
    urcu_qsbr_synchronize_rcu();
}

/* Main, at the end: waits for every callback handed over. Workers must have left. */
static inline void rs_rcu_drain(void)
{
    urcu_qsbr_barrier();
}

/* Swaps a published pointer; pairs with rs_rcu_read. Main. */
#define rs_rcu_publish(slot, value) rcu_assign_pointer(slot, value)

/* Reads a published pointer; good until the worker's next quiescent state. */
#define rs_rcu_read(slot) rcu_dereference(slot)
