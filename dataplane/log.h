/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines for operators, on standard error, one line each. Never called on the packet path and
 * never given a secret or a key. No DPDK here.
 */
#pragma once

enum rs_log_level { RS_LOG_ERROR, RS_LOG_WARNING, RS_LOG_INFO, RS_LOG_DEBUG };

/* Sets the highest level that is printed. Main thread, before others start or at any later time. */
void rs_log_set_level(enum rs_log_level level);

/* Finds a level by its name: error, warning, info, debug. Returns 0, or -EINVAL. */
int rs_log_parse_level(const char *name, enum rs_log_level *level);

/* Where lines go: `text` is one line without its end, control characters replaced. Any thread. */
typedef void rs_log_sink_fn(enum rs_log_level level, const char *text);

/* NULL, as at first: standard error. Main thread, before others start. */
void rs_log_set_sink(rs_log_sink_fn *sink);

/* Prints one line, printf-style. Any thread but a worker that is polling; may block on stderr. */
void rs_log(enum rs_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
