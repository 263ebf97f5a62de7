/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a UDP payload inside a media range is, by its first bytes (RFC 7983, RFC 9443) and by
 * whether it walks to its end as what it claims to be. No DPDK.
 */
#pragma once

#include <stdbool.h>
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

/* Classifies what is not RTP. Pure. */
enum rs_kind rs_demux_other(const uint8_t *payload, size_t bytes);

/* RFC 5761 section 4: payload types 64 to 95 are left to RTCP, so they are never RTP. */
static inline bool rs_demux_is_rtp(const uint8_t *payload, size_t bytes)
{
    return bytes >= 12 && payload[0] >> 6 == 2 && (payload[1] & 0x60) != 0x40;
}

/* Classifies a UDP payload of `bytes` bytes (may be 0). In doubt: RS_KIND_OPAQUE. Pure. */
static inline enum rs_kind rs_demux(const uint8_t *payload, size_t bytes)
{
    return rs_demux_is_rtp(payload, bytes) ? RS_KIND_RTP : rs_demux_other(payload, bytes);
}
