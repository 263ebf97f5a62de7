/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's own command line here, so that a test of frames does not depend on the daemon's. */
#include "tests/support/mbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include <CUnit/CUnit.h>

void rs_test_eal(void)
{
    char words[][24] = {
        "test", "--no-huge",      "--no-pci",       "--no-shconf",         "-m",
        "64",   "--no-telemetry", "--iova-mode=va", "--log-level=*:error", "--lcores",
        "0"};
    char *arguments[sizeof(words) / sizeof(words[0])];

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        arguments[i] = words[i];
    if (rte_eal_init(sizeof(words) / sizeof(words[0]), arguments) >= 0)
        return;
    fprintf(stderr, "EAL: %s\n", rte_strerror(rte_errno));
    exit(2);
}

struct rte_mempool *rs_test_pool(const char *name, unsigned int count, uint16_t room_bytes)
{
    struct rte_mempool *pool = rte_pktmbuf_pool_create(
        name, count, 0, 0, (uint16_t)(RTE_PKTMBUF_HEADROOM + room_bytes), SOCKET_ID_ANY);

    if (pool == NULL) {
        fprintf(stderr, "pool %s: %s\n", name, rte_strerror(rte_errno));
        exit(2);
    }
    return pool;
}

struct rte_mbuf *rs_test_mbuf(struct rte_mempool *pool, const uint8_t *bytes, size_t count)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
    char *room;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mbuf);
    room = rte_pktmbuf_append(mbuf, (uint16_t)count);
    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    memcpy(room, bytes, count);
    return mbuf;
}
