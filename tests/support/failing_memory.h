/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that runs out on order, in place of malloc and mmap. Link a test with it. */
#pragma once

/* Fails the n-th allocation from now on, counted from 1, whichever thread asks for it. */
void failing_memory_arm(unsigned long n);

/* How many were asked for since then. */
unsigned long failing_memory_asked(void);

/* Fails no more. Returns whether it has failed, 1 or 0. */
unsigned long failing_memory_disarm(void);
