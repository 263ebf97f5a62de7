/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells a sender on the plain side that its packet, once sealed, does not fit: ICMP "fragmentation
 * needed" (RFC 1191) or ICMPv6 "packet too big" (RFC 4443 section 3.2). One per link that has it
 * on.
 */
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

#include "packet.h"

struct rs_too_big;

enum { RS_TOO_BIG_PER_SECOND = 100 }; /* messages of one link */

/* Main. Returns NULL without memory. */
struct rs_too_big *rs_too_big_create(unsigned int link, uint64_t tsc_hz);
/* Frees what was not sent, too. NULL: nothing. Main, after the workers. */
void rs_too_big_destroy(struct rs_too_big *teller);

/*
 * Writes the message about a packet that came in on the plain side, for rs_too_big_send. `mtu`: the
 * longest IP packet that would have fitted. Says nothing where a host may not be told (RFC 1122
 * section 3.2.2, RFC 4443 section 2.4), would not listen, or was told enough. Workers that seal.
 */
void rs_too_big_tell(struct rs_too_big *teller, const struct rte_mbuf *mbuf,
                     const struct rs_datagram *datagram, uint32_t mtu, uint64_t now_tsc);

/* Sends what there is out of the plain port, by a queue of the calling worker's. */
void rs_too_big_send(struct rs_too_big *teller, uint16_t port, uint16_t queue);

/* Messages sent so far. Any thread. */
uint64_t rs_too_big_sent(const struct rs_too_big *teller);
