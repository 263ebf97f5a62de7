/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a UDP payload inside a media range is, by its first bytes (RFC 7983, RFC 9443) and by
 * whether it walks to its end as what it claims to be. No DPDK.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum rs_kind {
    RS_KIND_RTP,       /* RTP version 2; the RTP parser has the last word */
    RS_KIND_RTCP,      /* every compound length walks to the end (RFC 3550 section 6.1) */
    RS_KIND_STUN,      /* attributes walk to the end, none is DATA (RFC 8489) */
    RS_KIND_DTLS,      /* RFC 6347 / RFC 9147 records */
    RS_KIND_ZRTP,      /* RFC 6189 */
    RS_KIND_QUIC,      /* RFC 9000 */
    RS_KIND_TUNNELLED, /* STUN with DATA, or TURN ChannelData (RFC 8656): may carry media */
    RS_KIND_OPAQUE,    /* none of these */
};

/* Classifies a UDP payload of `bytes` bytes (may be 0). In doubt: RS_KIND_OPAQUE. Pure. */
enum rs_kind rs_demux(const uint8_t *payload, size_t bytes);
