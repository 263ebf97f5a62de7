/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes frames byte by byte, as the RFCs draw them; no header of the dataplane or of DPDK. */
#include "tests/support/frame.h"

#include <string.h>

#include <arpa/inet.h>

struct writer {
    uint8_t *out;
    size_t used, max;
    bool failed;
};

static void put(struct writer *writer, const void *bytes, size_t count)
{
    if (writer->failed || count > writer->max - writer->used) {
        writer->failed = true;
        return;
    }
    if (count > 0)
        memcpy(writer->out + writer->used, bytes, count);
    writer->used += count;
}

static void put8(struct writer *writer, unsigned int value)
{
    const uint8_t byte = (uint8_t)value;

    put(writer, &byte, 1);
}

static void put16(struct writer *writer, unsigned int value)
{
    put8(writer, value >> 8);
    put8(writer, value & 0xff);
}

static void put32(struct writer *writer, uint32_t value)
{
    put16(writer, value >> 16);
    put16(writer, value & 0xffff);
}

static void fill(struct writer *writer, uint8_t value, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put8(writer, value);
}

static size_t finish(const struct writer *writer)
{
    return writer->failed ? 0 : writer->used;
}

static void set16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint16_t rs_test_sum(const uint8_t *bytes, size_t count, uint16_t sum)
{
    uint32_t total = sum;

    for (size_t i = 0; i < count; i++) {
        total += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
        total = (total & 0xffff) + (total >> 16);
    }
    return (uint16_t)total;
}

/* RFC 768 and RFC 8200 section 8.1: addresses, length, protocol; then the datagram. */
static uint16_t udp_sum(const uint8_t *ip, const uint8_t *udp, size_t udp_bytes)
{
    const bool v6 = ip[0] >> 4 == 6;
    uint8_t pseudo[4] = {0, 17, (uint8_t)(udp_bytes >> 8), (uint8_t)udp_bytes};
    uint16_t sum = rs_test_sum(v6 ? ip + 8 : ip + 12, v6 ? 32 : 8, 0);

    sum = rs_test_sum(pseudo, sizeof(pseudo), sum);
    return rs_test_sum(udp, udp_bytes, sum);
}

static void put_ethernet(struct writer *writer, const struct rs_test_frame *frame)
{
    static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

    put(writer, macs, sizeof(macs));
    for (size_t i = 0; i < frame->vlan_count; i++) {
        put16(writer, i + 1 < frame->vlan_count ? 0x88a8 : 0x8100);
        put16(writer, frame->vlans[i]);
    }
    put16(writer, frame->family == 6 ? 0x86dd : 0x0800);
}

static void put_address(struct writer *writer, unsigned int family, const char *text)
{
    uint8_t address[16];

    if (inet_pton(family == 6 ? AF_INET6 : AF_INET, text, address) != 1) {
        writer->failed = true;
        return;
    }
    put(writer, address, family == 6 ? 16 : 4);
}

static void put_ipv4(struct writer *writer, const struct rs_test_frame *frame)
{
    const size_t start = writer->used;
    const size_t header_bytes = 20 + frame->option_bytes;

    put8(writer, 0x40 | (unsigned int)(header_bytes / 4));
    put8(writer, 0);
    put16(writer, (unsigned int)(header_bytes + 8 + frame->payload_bytes));
    put16(writer, 0x1234);
    put16(writer, 0x4000); /* do not fragment */
    put8(writer, 64);
    put8(writer, 17);
    put16(writer, 0);
    put_address(writer, 4, frame->src != NULL ? frame->src : "192.0.2.10");
    put_address(writer, 4, frame->dst != NULL ? frame->dst : "198.51.100.20");
    put(writer, frame->options, frame->option_bytes);
    if (!writer->failed)
        set16(writer->out + start + 10,
              (uint16_t)~rs_test_sum(writer->out + start, header_bytes, 0));
}

static void put_ipv6(struct writer *writer, const struct rs_test_frame *frame)
{
    put32(writer, 0x60000000);
    put16(writer, (unsigned int)(frame->option_bytes + 8 + frame->payload_bytes));
    put8(writer, frame->option_bytes > 0 ? frame->first_header : 17);
    put8(writer, 64);
    put_address(writer, 6, frame->src != NULL ? frame->src : "2001:db8::10");
    put_address(writer, 6, frame->dst != NULL ? frame->dst : "2001:db8:1::20");
    put(writer, frame->options, frame->option_bytes);
}

static void put_udp(struct writer *writer, const struct rs_test_frame *frame, size_t ip)
{
    const size_t start = writer->used;
    uint16_t checksum;

    put16(writer, frame->src_port != 0 ? frame->src_port : 40000);
    put16(writer, frame->dst_port != 0 ? frame->dst_port : 5004);
    put16(writer, (unsigned int)(8 + frame->payload_bytes));
    put16(writer, 0);
    put(writer, frame->payload, frame->payload_bytes);
    if (writer->failed || frame->without_checksum)
        return;
    checksum = (uint16_t)~udp_sum(writer->out + ip, writer->out + start, 8 + frame->payload_bytes);
    set16(writer->out + start + 6, checksum == 0 ? 0xffff : checksum);
}

size_t rs_test_frame_write(const struct rs_test_frame *frame, uint8_t *out, size_t max)
{
    struct writer writer = {.out = out, .max = max};
    size_t ip;

    put_ethernet(&writer, frame);
    ip = writer.used;
    if (frame->family == 6)
        put_ipv6(&writer, frame);
    else
        put_ipv4(&writer, frame);
    put_udp(&writer, frame, ip);
    fill(&writer, 0xee, frame->padding_bytes);
    return finish(&writer);
}

size_t rs_test_rtp_write(const struct rs_test_rtp *rtp, uint8_t *out, size_t max)
{
    struct writer writer = {.out = out, .max = max};

    put8(&writer, 0x80 | (rtp->padding_bytes > 0 ? 0x20 : 0) | (rtp->extension != NULL ? 0x10 : 0) |
                      (unsigned int)rtp->csrc_count);
    put8(&writer, (rtp->marker ? 0x80 : 0) | rtp->payload_type);
    put16(&writer, rtp->sequence);
    put32(&writer, rtp->timestamp);
    put32(&writer, rtp->ssrc);
    for (size_t i = 0; i < rtp->csrc_count; i++)
        put32(&writer, rtp->csrcs[i]);
    if (rtp->extension != NULL) {
        put16(&writer, rtp->extension_profile != 0 ? rtp->extension_profile : 0xbede);
        put16(&writer, (unsigned int)(rtp->extension_bytes / 4));
        put(&writer, rtp->extension, rtp->extension_bytes);
    }
    put(&writer, rtp->body, rtp->body_bytes);
    if (rtp->padding_bytes > 0) {
        fill(&writer, 0, rtp->padding_bytes - 1U);
        put8(&writer, rtp->padding_bytes);
    }
    return finish(&writer);
}

size_t rs_test_media_write(const struct rs_test_frame *frame, const struct rs_test_rtp *rtp,
                           uint8_t *out, size_t max)
{
    struct rs_test_frame whole = *frame;
    uint8_t packet[4096];

    whole.payload = packet;
    whole.payload_bytes = rs_test_rtp_write(rtp, packet, sizeof(packet));
    return whole.payload_bytes > 0 ? rs_test_frame_write(&whole, out, max) : 0;
}

bool rs_test_frame_is_right(const uint8_t *frame, size_t bytes, size_t l3, size_t l4)
{
    const uint8_t *ip = frame + l3;
    const bool v6 = ip[0] >> 4 == 6;
    const size_t ip_bytes = v6 ? 40U + get16(ip + 4) : get16(ip + 2);
    const size_t udp_bytes = get16(frame + l4 + 4);

    if (l3 + ip_bytes > bytes || l4 + udp_bytes != l3 + ip_bytes)
        return false;
    if (!v6 && rs_test_sum(ip, 4U * (ip[0] & 0xf), 0) != 0xffff)
        return false;
    if (get16(frame + l4 + 6) == 0)
        return !v6;
    return udp_sum(ip, frame + l4, udp_bytes) == 0xffff;
}
