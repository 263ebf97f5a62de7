/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame as it comes off the wire, up to where it is known what it is: the first byte says how
 * much of it lies in the first buffer. What is found must lie in the frame, and what would pass as
 * harmless must be so by a reading of its own.
 */
#include "fuzz.h"

#include "dataplane/demux.h"
#include "dataplane/packet.h"
#include "dataplane/rtp.h"

static uint16_t be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* RFC 3550 section 6.1, as a receiver walks a compound packet. */
static bool is_compound(const uint8_t *packet, size_t bytes)
{
    size_t at = 0;

    while (bytes - at >= 4) {
        if (packet[at] >> 6 != 2 || packet[at + 1] < 192 || packet[at + 1] > 223)
            return false;
        at += 4 + 4 * (size_t)be16(packet + at + 2);
        if (at > bytes)
            return false;
    }
    return at == bytes;
}

static void look_at_rtp(const uint8_t *payload, size_t bytes)
{
    struct rs_rtp rtp;

    if (!rs_rtp_parse(payload, bytes, &rtp))
        return;
    MUST(rtp.payload_offset >= 12 + 4U * (payload[0] & 0xf));
    MUST((size_t)rtp.payload_offset + rtp.payload_bytes + rtp.padding_bytes == bytes);
    MUST((rtp.padding_bytes > 0) == ((payload[0] & 0x20) != 0));
    MUST(rtp.payload_type == (payload[1] & 0x7f));
    MUST(rtp.padding_bytes == 0 || payload[bytes - 1] == rtp.padding_bytes);
}

static void look_at_payload(const uint8_t *data, size_t bytes)
{
    uint8_t *payload = rs_fuzz_copy(data, bytes);
    const enum rs_kind kind = rs_demux(payload, bytes);

    /* RFC 5761 section 4: of version 2, and not a type that RTCP has. */
    if (bytes >= 12 && payload[0] >> 6 == 2 && (payload[1] & 0x7f) < 64)
        MUST(kind == RS_KIND_RTP || kind == RS_KIND_OPAQUE);
    if (kind == RS_KIND_RTCP)
        MUST(is_compound(payload, bytes));
    if (kind == RS_KIND_STUN)
        MUST(bytes >= 20 && payload[0] < 4 && be16(payload + 2) % 4 == 0);
    look_at_rtp(payload, bytes);
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rte_mbuf mbuf = {.nb_segs = 1};
    struct rs_datagram datagram;
    uint8_t *frame;
    size_t readable;

    if (size < 2 || size > 9000)
        return 0;
    readable = data[0] == 0 ? size - 1 : (size - 1) * data[0] / 256;
    frame = rs_fuzz_copy(data + 1, readable);
    mbuf.buf_addr = frame;
    mbuf.buf_len = mbuf.data_len = (uint16_t)readable;
    mbuf.pkt_len = (uint32_t)(size - 1);
    mbuf.nb_segs = readable < size - 1 ? 2 : 1;
    if (rs_packet_parse(&mbuf, &datagram) == RS_FRAME_UDP) {
        const size_t end = (size_t)datagram.payload_offset + datagram.payload_bytes;

        MUST(datagram.l3_offset >= 14 && datagram.l4_offset > datagram.l3_offset);
        MUST(datagram.payload_offset == datagram.l4_offset + 8);
        MUST(datagram.payload_offset <= readable && end <= size - 1);
        MUST(datagram.src_port == be16(frame + datagram.l4_offset));
        MUST(datagram.dst_port == be16(frame + datagram.l4_offset + 2));
        if (datagram.length_ok)
            MUST(be16(frame + datagram.l4_offset + 4) == datagram.payload_bytes + 8);
        if (datagram.length_ok && end <= readable)
            look_at_payload(frame + datagram.payload_offset, datagram.payload_bytes);
    }
    free(frame);
    return 0;
}
