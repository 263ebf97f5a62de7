/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages of the packet path, in packet order. Each loops over the burst's live packets and
 * leaves in it those that the next stage must look at. Worker threads only; none blocks, logs,
 * allocates, locks or makes a system call.
 */
#pragma once

struct rs_burst;
struct rs_worker;

typedef void rs_stage_fn(struct rs_worker *worker, struct rs_burst *burst);

rs_stage_fn rs_rx;       /* takes packets off the path's ingress queue */
rs_stage_fn rs_classify; /* what is not media passes or is dropped; RTP goes on */
rs_stage_fn rs_lookup;   /* finds each packet's stream; unnamed RTP is dropped */
rs_stage_fn rs_seal;     /* encrypts payloads (plain to sealed) */
rs_stage_fn rs_open;     /* decrypts payloads (sealed to plain) */
rs_stage_fn rs_tx;       /* sends what has passed, frees what was dropped, counts both */
