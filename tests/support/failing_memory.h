/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that runs out on order, in place of malloc and mmap. Preloaded into a program,
 * RTPSEAL_FAIL_ALLOCATION=N fails the N-th that it asks for, and N+ all from there on; the first
 * that fails is written to descriptor RTPSEAL_FAIL_TELL.
 */
#pragma once

/* Fails the n-th allocation from now on, counted from 1, whichever thread asks for it. */
void failing_memory_arm(unsigned long n);

/* Fails no more. Returns how many have failed since it was armed. */
unsigned long failing_memory_disarm(void);
