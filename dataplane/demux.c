/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recognises what besides media may pass inside a media range. A first byte is never enough: what
 * does not walk to its end as what it claims to be is opaque, and so dropped. Media itself is
 * only told apart here; whether it may go on is for the stream that names it.
 */
#include "demux.h"

enum {
    STUN_HEADER_BYTES = 20,
    STUN_ATTRIBUTE_HEADER_BYTES = 4,
    STUN_DATA = 0x0013, /* RFC 8656 section 18: what is relayed */
    ZRTP_HEADER_BYTES = 12,
    ZRTP_CRC_BYTES = 4,
    ZRTP_PREAMBLE = 0x505a,
    ZRTP_MIN_WORDS = 3, /* preamble, length and message type */
    DTLS_HEADER_BYTES = 13,
    DTLS_MAX_RECORD_BYTES = (1 << 14) + 2048, /* RFC 6347 section 4.1 with RFC 5246 6.2.3 */
    DTLS13_CONNECTION_ID = 0x10,
    DTLS13_LONG_SEQUENCE = 0x08,
    DTLS13_LENGTH = 0x04,
    DTLS13_MIN_CIPHERTEXT_BYTES = 16, /* RFC 9147 section 4.2.3 */
    QUIC_MIN_BYTES = 21,              /* RFC 9000 section 10.3 */
    QUIC_CONNECTION_ID_MAX_BYTES = 20,
    RTCP_HEADER_BYTES = 4,
    RTP_VERSION = 2,
};

#define STUN_COOKIE UINT32_C(0x2112a442)
#define ZRTP_COOKIE UINT32_C(0x5a525450)
#define QUIC_V1     UINT32_C(1)
#define QUIC_V2     UINT32_C(0x6b3343cf) /* RFC 9369 */

static uint16_t read_be16(const uint8_t *in)
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

static uint32_t read_be32(const uint8_t *in)
{
    return (uint32_t)read_be16(in) << 16 | read_be16(in + 2);
}

/* RFC 8489 section 5. DATA anywhere makes it a tunnel. */
static enum rs_kind classify_stun(const uint8_t *p, size_t bytes)
{
    enum rs_kind kind = RS_KIND_STUN;
    size_t at = STUN_HEADER_BYTES;

    if (bytes < STUN_HEADER_BYTES || bytes % 4 != 0 || read_be32(p + 4) != STUN_COOKIE ||
        read_be16(p + 2) != bytes - STUN_HEADER_BYTES)
        return RS_KIND_OPAQUE;
    while (at < bytes) {
        const size_t value = read_be16(p + at + 2);

        if (read_be16(p + at) == STUN_DATA)
            kind = RS_KIND_TUNNELLED;
        at += STUN_ATTRIBUTE_HEADER_BYTES + (value + 3) / 4 * 4;
    }
    return at == bytes ? kind : RS_KIND_OPAQUE;
}

/* RFC 6189 section 5. */
static enum rs_kind classify_zrtp(const uint8_t *p, size_t bytes)
{
    size_t words;

    if (bytes < ZRTP_HEADER_BYTES + 4 || read_be32(p + 4) != ZRTP_COOKIE ||
        read_be16(p + 12) != ZRTP_PREAMBLE)
        return RS_KIND_OPAQUE;
    words = read_be16(p + 14);
    if (words < ZRTP_MIN_WORDS || bytes != ZRTP_HEADER_BYTES + 4 * words + ZRTP_CRC_BYTES)
        return RS_KIND_OPAQUE;
    return RS_KIND_ZRTP;
}

/* A record with the header of DTLS 1.0 to 1.2, and of DTLS 1.3 in clear: RFC 9147 section 4.
 * Returns its bytes, or 0. */
static size_t dtls_plaintext_bytes(const uint8_t *p, size_t bytes)
{
    uint16_t version, length;

    if (bytes < DTLS_HEADER_BYTES)
        return 0;
    version = read_be16(p + 1);
    length = read_be16(p + 11);
    if (version != 0xfeff && version != 0xfefd && version != 0xfefc)
        return 0;
    if (length == 0 || length > DTLS_MAX_RECORD_BYTES || length > bytes - DTLS_HEADER_BYTES)
        return 0;
    return DTLS_HEADER_BYTES + (size_t)length;
}

/* A record with the unified header, RFC 9147 section 4. Without a length it is the last one; the
 * length of a connection id is known to its ends alone, so that such a one ends the walk too.
 * Returns its bytes, or 0. */
static size_t dtls_ciphertext_bytes(const uint8_t *p, size_t bytes)
{
    const size_t sequence = p[0] & DTLS13_LONG_SEQUENCE ? 2 : 1;
    const size_t header = 1 + sequence + (p[0] & DTLS13_LENGTH ? 2 : 0);
    size_t length;

    if (bytes < header + DTLS13_MIN_CIPHERTEXT_BYTES)
        return 0;
    if ((p[0] & DTLS13_CONNECTION_ID) || (p[0] & DTLS13_LENGTH) == 0)
        return bytes;
    length = read_be16(p + 1 + sequence);
    if (length < DTLS13_MIN_CIPHERTEXT_BYTES || length > DTLS_MAX_RECORD_BYTES ||
        length > bytes - header)
        return 0;
    return header + length;
}

static enum rs_kind classify_dtls(const uint8_t *p, size_t bytes)
{
    size_t at = 0;

    while (at < bytes) {
        size_t record = 0;

        if (p[at] >= 20 && p[at] <= 26)
            record = dtls_plaintext_bytes(p + at, bytes - at);
        else if (p[at] >= 32 && p[at] <= 63)
            record = dtls_ciphertext_bytes(p + at, bytes - at);
        if (record == 0)
            return RS_KIND_OPAQUE;
        at += record;
    }
    return RS_KIND_DTLS;
}

/* Moves *at behind a connection id and its length byte. Returns false where it does not fit. */
static bool skip_connection_id(const uint8_t *p, size_t bytes, size_t *at)
{
    if (*at >= bytes || p[*at] > QUIC_CONNECTION_ID_MAX_BYTES || p[*at] > bytes - *at - 1)
        return false;
    *at += 1 + (size_t)p[*at];
    return true;
}

/* RFC 9000 section 17.2, and 17.2.1 for version 0, which lists the versions that the server has. */
static enum rs_kind classify_quic_long(const uint8_t *p, size_t bytes)
{
    size_t at = 5;
    uint32_t version;

    if (bytes < at)
        return RS_KIND_OPAQUE;
    version = read_be32(p + 1);
    if (!skip_connection_id(p, bytes, &at) || !skip_connection_id(p, bytes, &at))
        return RS_KIND_OPAQUE;
    if (version == 0)
        return at < bytes && (bytes - at) % 4 == 0 ? RS_KIND_QUIC : RS_KIND_OPAQUE;
    if ((version != QUIC_V1 && version != QUIC_V2) || bytes < QUIC_MIN_BYTES)
        return RS_KIND_OPAQUE;
    return RS_KIND_QUIC;
}

/* The types that IANA has registered. */
static bool is_rtcp_type(uint8_t type)
{
    return (type >= 192 && type <= 195) || (type >= 200 && type <= 213);
}

/* RFC 3550 sections 6.1 and A.2; reduced size by RFC 5506, so the first may be of any type. */
static enum rs_kind classify_rtcp(const uint8_t *p, size_t bytes)
{
    size_t at = 0;

    while (at < bytes) {
        size_t packet;

        if (bytes - at < RTCP_HEADER_BYTES || p[at] >> 6 != RTP_VERSION || !is_rtcp_type(p[at + 1]))
            return RS_KIND_OPAQUE;
        packet = 4 * ((size_t)read_be16(p + at + 2) + 1);
        if (packet > bytes - at)
            return RS_KIND_OPAQUE;
        if (p[at] & 0x20) {
            const uint8_t padding = p[at + packet - 1];

            if (at + packet != bytes || padding == 0 || padding % 4 != 0 ||
                padding > packet - RTCP_HEADER_BYTES)
                return RS_KIND_OPAQUE;
        }
        at += packet;
    }
    return RS_KIND_RTCP;
}

/* Version 2, but not RTP: RFC 5761 section 4. */
static enum rs_kind classify_maybe_rtcp(const uint8_t *p, size_t bytes)
{
    if (bytes < RTCP_HEADER_BYTES || p[1] < 192 || p[1] > 223)
        return RS_KIND_OPAQUE;
    return classify_rtcp(p, bytes);
}

/* The ranges of RFC 7983 section 7 and RFC 9443 section 3. */
enum rs_kind rs_demux_other(const uint8_t *payload, size_t bytes)
{
    const uint8_t first = bytes > 0 ? payload[0] : 0;

    if (first <= 3)
        return classify_stun(payload, bytes);
    if (first >= 16 && first <= 19)
        return classify_zrtp(payload, bytes);
    if (first >= 20 && first <= 63)
        return classify_dtls(payload, bytes);
    if (first >= 64 && first <= 79)
        return RS_KIND_TUNNELLED;
    if (first >= 80 && first <= 127)
        return bytes >= QUIC_MIN_BYTES ? RS_KIND_QUIC : RS_KIND_OPAQUE;
    if (first >= 128 && first <= 191)
        return classify_maybe_rtcp(payload, bytes);
    if (first >= 192)
        return classify_quic_long(payload, bytes);
    return RS_KIND_OPAQUE;
}
