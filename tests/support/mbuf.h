/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL without hugepages, devices or traces on disk, and mbufs, for tests. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* Starts EAL, once per process. Exits with 2 where it cannot. */
void rs_test_eal(void);

/* A pool of `count` mbufs with rooms of `room_bytes` behind the usual headroom. Exits
 * with 2 where it cannot. */
struct rte_mempool *rs_test_pool(const char *name, unsigned int count, uint16_t room_bytes);

/* An mbuf with a copy of the bytes. In a test: asserts that they fit. */
struct rte_mbuf *rs_test_mbuf(struct rte_mempool *pool, const uint8_t *bytes, size_t count);
