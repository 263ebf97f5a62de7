/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways to call IPsec-MB for a few packets in place, with one key for all of them. The one file
 * of the benchmarks that includes it is raw_ops.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/dataplane.h"

enum { RS_RAW_BURST_MAX = 128 };

/* A packet's part for the cipher; all of it in one buffer. */
struct rs_raw_packet {
    uint8_t *message; /* what HMAC covers, or GCM's aad, up to the text's end */
    uint8_t *text;
    uint8_t *tag; /* right behind the text */
    uint32_t text_bytes;
    uint64_t ctr;
};

struct rs_raw;

/* Exits where the CPU lacks what it takes. */
struct rs_raw *rs_raw_create(void);

/* One way to call it, for a suite's method. */
struct rs_raw_way {
    const char *name; /* "cipher burst of 32" */
    enum rs_method method;
    unsigned int burst; /* at most RS_RAW_BURST_MAX */
    /* Seals or opens n <= burst packets; returns how many verified, which is all when sealing. */
    unsigned int (*run)(struct rs_raw *raw, const struct rs_raw_packet *packets, unsigned int n,
                        const struct rs_suite *suite, enum rs_direction direction);
};

extern const struct rs_raw_way rs_raw_ways[];
extern const size_t rs_raw_way_count;
