/* SPDX-License-Identifier: BSD-3-Clause */
/* Main's turn: the descriptor it waits on, and what it does when that is readable. */
#pragma once

struct rs_dataplane;

/* The most that one poll tells of a kind of thing that can happen to every stream at once. The
 * others are told by the polls that follow, which come soon. */
enum { RS_TELLS_PER_POLL = 256 };

/* Makes what main waits on. Returns 0 or -errno, logged; rs_poll_close in either case. */
int rs_poll_open(struct rs_dataplane *dataplane);
void rs_poll_close(struct rs_dataplane *dataplane);

/* Sets when poll comes next without being woken. */
void rs_poll_set_timer(struct rs_dataplane *dataplane);
