/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far a long operation is: one line on standard error that is written over and goes away at the
 * end. Nothing where that is no terminal, or where output is JSON.
 */
#pragma once

/* Shows the line, printf-style, in place of the one before; cut where the terminal is narrower. */
void rs_progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes it away, so that something else can be printed. */
void rs_progress_end(void);

/* A bar for the line, such as "[#####.....]", as far as `done` of `all`. Static memory, valid until
 * the next call. */
const char *rs_progress_bar(unsigned long done, unsigned long all);
