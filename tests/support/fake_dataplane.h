/* SPDX-License-Identifier: BSD-3-Clause */
/* A dataplane without packets, for tests of control: what a test can make it do. */
#pragma once

#include "dataplane/dataplane.h"

/* Reports `report` about the stream at the next poll. */
void rs_fake_trouble(struct rs_stream *stream, const struct rs_trouble_report *report);

/* Likewise that its wrong tags pass the limit, or no longer. */
void rs_fake_auth_alarm(struct rs_stream *stream, const struct rs_auth_alarm_report *report);

/* Likewise what the sweep, the watch over workers and the ports tell. */
void rs_fake_activity(struct rs_stream *stream, const struct rs_activity_report *report);
void rs_fake_shortage(struct rs_stream *stream, const struct rs_shortage_report *report);
void rs_fake_stall(const struct rs_stall_report *report);
void rs_fake_port(const struct rs_port_report *report);

/* What is told as counted by worker 0 on link 0, of a worker, and of a port of any link: zero, and
 * up, until a test changes it. Borrowed. */
struct rs_counters *rs_fake_counters(enum rs_direction direction);
struct rs_worker_info *rs_fake_worker(unsigned int worker);
struct rs_port_info *rs_fake_port_info(enum rs_direction side);

/* The next calls that make, stage, activate or retire anything fail with this errno; 0: none. */
void rs_fake_fail(int number);

/* The self-test of this suite fails from now on; NULL: of none. */
void rs_fake_break_suite(const struct rs_suite *suite);

/* How many sessions and streams there are. */
size_t rs_fake_session_count(void);
size_t rs_fake_stream_count(void);

/* The stream that was made last. Borrowed. */
struct rs_stream *rs_fake_last_stream(void);

/* Whether the session that was made last lets its media pass. */
enum rs_protection rs_fake_last_protection(void);

/* What was last set: the codec of a payload type of the stream that was made last. */
struct rs_format rs_fake_last_format(unsigned int payload_type);

/* How often the ranges of a link were set. */
size_t rs_fake_links_set(void);
