/* SPDX-License-Identifier: BSD-3-Clause */
/* What passes inside a media range and what does not, by tables written from the RFCs. */
#include "dataplane/demux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/hex.h"
#include "tests/support/runner.h"

#define ID      "0102030405060708090a0b0c" /* a STUN transaction id */
#define COOKIE  "2112a442"
#define ZEROS16 "00000000000000000000000000000000"
#define SR_BODY "cafebabe" ZEROS16 "00000000" /* 24 bytes: SSRC and sender info */

struct row {
    const char *name;
    const char *payload;
    enum rs_kind kind;
};

static const struct row stun_rows[] = {
    {"binding request", "0001 0000" COOKIE ID, RS_KIND_STUN},
    {"with a fingerprint", "0001 0008" COOKIE ID "8028 0004 deadbeef", RS_KIND_STUN},
    {"padded user name", "0001 000c" COOKIE ID "0006 0005 6162636465 000000", RS_KIND_STUN},
    {"empty attribute", "0101 0004" COOKIE ID "0025 0000", RS_KIND_STUN},
    {"send indication with DATA", "0016 0008" COOKIE ID "0013 0004 80600001", RS_KIND_TUNNELLED},
    {"DATA behind another attribute", "0017 0010" COOKIE ID "0012 0004 00000000 0013 0001 aa000000",
     RS_KIND_TUNNELLED},
    {"empty DATA", "0017 0004" COOKIE ID "0013 0000", RS_KIND_TUNNELLED},
    {"DATA of no full word", "0016 0008" COOKIE ID "0013 0003 80600000", RS_KIND_TUNNELLED},
    {"header cut", "0001 0000" COOKIE "0102030405060708090a0b", RS_KIND_OPAQUE},
    {"first byte alone", "00", RS_KIND_OPAQUE},
    {"no cookie", "0001 0000 2112a443" ID, RS_KIND_OPAQUE},
    {"length too long", "0001 0004" COOKIE ID, RS_KIND_OPAQUE},
    {"length too short", "0001 0000" COOKIE ID "8028 0004 deadbeef", RS_KIND_OPAQUE},
    {"length of no full word", "0001 0005" COOKIE ID "8028 0001 de", RS_KIND_OPAQUE},
    {"attribute runs past the end", "0001 0008" COOKIE ID "8028 0005 deadbeef", RS_KIND_OPAQUE},
    {"attribute of 65535", "0001 0008" COOKIE ID "8028 ffff deadbeef", RS_KIND_OPAQUE},
    {"DATA runs past the end", "0016 0008" COOKIE ID "0013 0008 80600001", RS_KIND_OPAQUE},
    {"bytes behind the message", "0001 0000" COOKIE ID "80600001", RS_KIND_OPAQUE},
    {"first byte 4", "0401 0000" COOKIE ID, RS_KIND_OPAQUE},
};

#define ZRTP_HELLO "10000001 5a525450 cafebabe 505a 0003 48656c6c6f202020 01020304"

static const struct row zrtp_rows[] = {
    {"shortest message", ZRTP_HELLO, RS_KIND_ZRTP},
    {"four words", "1000 0001 5a525450 cafebabe 505a 0004 48656c6c6f202020 aabbccdd 01020304",
     RS_KIND_ZRTP},
    {"no cookie", "10000001 5a525451 cafebabe 505a 0003 48656c6c6f202020 01020304", RS_KIND_OPAQUE},
    {"no preamble", "10000001 5a525450 cafebabe 505b 0003 48656c6c6f202020 01020304",
     RS_KIND_OPAQUE},
    {"length too short", "10000001 5a525450 cafebabe 505a 0002 48656c6c6f202020 01020304",
     RS_KIND_OPAQUE},
    {"length too long", "10000001 5a525450 cafebabe 505a 0004 48656c6c6f202020 01020304",
     RS_KIND_OPAQUE},
    {"length of 65535", "10000001 5a525450 cafebabe 505a ffff 48656c6c6f202020 01020304",
     RS_KIND_OPAQUE},
    {"without a message type", "10000001 5a525450 cafebabe 505a 0001 01020304", RS_KIND_OPAQUE},
    {"a byte more", ZRTP_HELLO "00", RS_KIND_OPAQUE},
    {"a byte less", "10000001 5a525450 cafebabe 505a 0003 48656c6c6f202020 010203", RS_KIND_OPAQUE},
    {"header alone", "10000001 5a525450 cafebabe", RS_KIND_OPAQUE},
    {"cut in the preamble", "10000001 5a525450 cafebabe 505a", RS_KIND_OPAQUE},
    {"first byte 15", "0f000001 5a525450 cafebabe 505a 0003 48656c6c6f202020 01020304",
     RS_KIND_OPAQUE},
};

#define SEQUENCE "0000 000000000001"

static const struct row dtls_rows[] = {
    {"handshake record", "16 fefd" SEQUENCE "0003 010203", RS_KIND_DTLS},
    {"client hello of version 1.0", "16 feff" SEQUENCE "0001 01", RS_KIND_DTLS},
    {"change cipher spec and handshake", "14 fefd" SEQUENCE "0001 01 16 fefd" SEQUENCE "0002 aabb",
     RS_KIND_DTLS},
    {"application data", "17 fefd" SEQUENCE "0004 01020304", RS_KIND_DTLS},
    {"acknowledgement", "1a fefd" SEQUENCE "0002 0000", RS_KIND_DTLS},
    {"1.3 record with a length", "2e 0001 0010" ZEROS16, RS_KIND_DTLS},
    {"1.3 record with a short sequence number", "26 01 0010" ZEROS16, RS_KIND_DTLS},
    {"1.3 record without a length", "2a 0001" ZEROS16, RS_KIND_DTLS},
    {"1.3 record with a connection id", "3e aabb 0001 0010" ZEROS16, RS_KIND_DTLS},
    {"clear record, then one of 1.3", "16 fefd" SEQUENCE "0001 01 2e 0001 0010" ZEROS16,
     RS_KIND_DTLS},
    {"length too long", "16 fefd" SEQUENCE "0004 010203", RS_KIND_OPAQUE},
    {"length too short", "16 fefd" SEQUENCE "0002 010203", RS_KIND_OPAQUE},
    {"empty record", "16 fefd" SEQUENCE "0000", RS_KIND_OPAQUE},
    {"header cut", "16 fefd" SEQUENCE "00", RS_KIND_OPAQUE},
    {"version of TLS", "16 0303" SEQUENCE "0003 010203", RS_KIND_OPAQUE},
    {"unknown version", "16 fefb" SEQUENCE "0003 010203", RS_KIND_OPAQUE},
    {"content type 27", "1b fefd" SEQUENCE "0003 010203", RS_KIND_OPAQUE},
    {"second record cut", "14 fefd" SEQUENCE "0001 01 16 fefd" SEQUENCE "0003 aabb",
     RS_KIND_OPAQUE},
    {"RTP behind a record", "14 fefd" SEQUENCE "0001 01 80600001 00000000 cafebabe",
     RS_KIND_OPAQUE},
    {"1.3 length too long", "2e 0001 0011" ZEROS16, RS_KIND_OPAQUE},
    {"1.3 length too short", "2e 0001 000f" ZEROS16, RS_KIND_OPAQUE},
    {"1.3 record too short to be sealed", "2a 0001 000000000000000000000000000000", RS_KIND_OPAQUE},
    {"1.3 record of 4 bytes before a good one", "2e 0001 0004 01020304 2e 0001 0010" ZEROS16,
     RS_KIND_OPAQUE},
    {"1.3 record and another byte", "2e 0001 0010" ZEROS16 "2e", RS_KIND_OPAQUE},
    {"1.3 header cut", "2e 0001", RS_KIND_OPAQUE},
};

#define QUIC_TAIL ZEROS16 ZEROS16

static const struct row quic_rows[] = {
    {"initial of version 1", "c0 00000001 08 0102030405060708 00" QUIC_TAIL, RS_KIND_QUIC},
    {"initial of version 2", "d0 6b3343cf 08 0102030405060708 00" QUIC_TAIL, RS_KIND_QUIC},
    {"connection ids of 20 bytes",
     "c0 00000001 14" ZEROS16 "00000000 14" ZEROS16 "00000000" QUIC_TAIL, RS_KIND_QUIC},
    {"version negotiation", "c0 00000000 02 aabb 02 ccdd 00000001", RS_KIND_QUIC},
    {"first byte of a channel, not of a short header", "4f" ZEROS16 "00000000", RS_KIND_TUNNELLED},
    {"short header of 21 bytes", "50" ZEROS16 "00000000", RS_KIND_QUIC},
    {"short header, highest first byte", "7f" ZEROS16 "00000000", RS_KIND_QUIC},
    {"short header of 20 bytes", "50" ZEROS16 "000000", RS_KIND_OPAQUE},
    {"short header alone", "50", RS_KIND_OPAQUE},
    {"unknown version", "c0 00000002 08 0102030405060708 00" QUIC_TAIL, RS_KIND_OPAQUE},
    {"a version to be greased", "c0 0a0a0a0a 08 0102030405060708 00" QUIC_TAIL, RS_KIND_OPAQUE},
    {"connection id of 21 bytes", "c0 00000001 15" ZEROS16 "0000000000 00" QUIC_TAIL,
     RS_KIND_OPAQUE},
    {"source connection id of 21 bytes", "c0 00000001 00 15" ZEROS16 "0000000000" QUIC_TAIL,
     RS_KIND_OPAQUE},
    {"destination id runs past the end", "c0 00000001 14" ZEROS16, RS_KIND_OPAQUE},
    {"source id runs past the end", "c0 00000001 00 14" ZEROS16, RS_KIND_OPAQUE},
    {"source id missing", "c0 00000001 0f 000000000000000000000000000000", RS_KIND_OPAQUE},
    {"20 bytes", "c0 00000001 00 00 00000000000000000000000000", RS_KIND_OPAQUE},
    {"version cut", "c0 000000", RS_KIND_OPAQUE},
    {"version negotiation without a version", "c0 00000000 02 aabb 02 ccdd", RS_KIND_OPAQUE},
    {"version negotiation with half a version", "c0 00000000 02 aabb 02 ccdd 0000", RS_KIND_OPAQUE},
};

static const struct row rtp_rows[] = {
    {"RTP", "80600001 00000000 cafebabe", RS_KIND_RTP},
    {"RTP with marker", "80e00001 00000000 cafebabe 01", RS_KIND_RTP},
    {"RTP of type 0", "80000001 00000000 cafebabe 01", RS_KIND_RTP},
    {"RTP of type 63", "803f0001 00000000 cafebabe 01", RS_KIND_RTP},
    {"RTP of type 127 with marker", "80ff0001 00000000 cafebabe 01", RS_KIND_RTP},
    {"RTP, all flags", "bfe00001 00000000 cafebabe 01", RS_KIND_RTP},
    {"sender report", "80c80006" SR_BODY, RS_KIND_RTCP},
    {"sender report and description", "80c80006" SR_BODY "81ca0002 cafebabe 00000000",
     RS_KIND_RTCP},
    {"empty receiver report", "80c90001 cafebabe", RS_KIND_RTCP},
    {"feedback of reduced size", "81ce0002 cafebabe deadbeef", RS_KIND_RTCP},
    {"goodbye without a source", "80cb0000", RS_KIND_RTCP},
    {"padding on the last", "80c90001 cafebabe a0cb0001 00000004", RS_KIND_RTCP},
    {"type 192", "80c00001 cafebabe", RS_KIND_RTCP},
    {"type 213", "80d50001 cafebabe", RS_KIND_RTCP},
    {"RTP of 11 bytes", "80600001 00000000 cafeba", RS_KIND_OPAQUE},
    {"first byte alone", "80", RS_KIND_OPAQUE},
    {"two bytes", "80c9", RS_KIND_OPAQUE},
    {"RTP of type 64", "80400001 00000000 cafebabe 01", RS_KIND_OPAQUE},
    {"RTP of type 72", "80480001 00000000 cafebabe 01", RS_KIND_OPAQUE},
    {"RTP of type 95", "805f0001 00000000 cafebabe 01", RS_KIND_OPAQUE},
    {"type 196", "80c40001 cafebabe", RS_KIND_OPAQUE},
    {"type 199", "80c70001 cafebabe", RS_KIND_OPAQUE},
    {"type 214", "80d60001 cafebabe", RS_KIND_OPAQUE},
    {"type 223", "80df0001 cafebabe", RS_KIND_OPAQUE},
    {"media behind a marker that looks like RTCP", "80c80001 00000000 cafebabe 0102030405",
     RS_KIND_OPAQUE},
    {"RTCP too short", "80c80006" SR_BODY "00", RS_KIND_OPAQUE},
    {"RTCP runs past the end", "80c80007" SR_BODY, RS_KIND_OPAQUE},
    {"RTCP of 65536 words", "80c8ffff" SR_BODY, RS_KIND_OPAQUE},
    {"second packet runs past the end", "80c90001 cafebabe 81ca0003 cafebabe 00000000",
     RS_KIND_OPAQUE},
    {"second packet of version 1", "80c90001 cafebabe 41ca0002 cafebabe 00000000", RS_KIND_OPAQUE},
    {"second packet is RTP", "80c90001 cafebabe 80600001 00000000", RS_KIND_OPAQUE},
    {"second packet cut", "80c90001 cafebabe 80ca", RS_KIND_OPAQUE},
    {"padding on the first of two", "a0c90002 cafebabe 00000004 80cb0000", RS_KIND_OPAQUE},
    {"padding of 0", "a0cb0001 00000000", RS_KIND_OPAQUE},
    {"padding of no full word", "a0cb0001 00000003", RS_KIND_OPAQUE},
    {"padding into the header", "a0cb0001 00000008", RS_KIND_OPAQUE},
    {"padding without room", "a0cb0000", RS_KIND_OPAQUE},
};

static const struct row other_rows[] = {
    {"nothing", "", RS_KIND_OPAQUE},
    {"channel data", "4000 0004 80600001", RS_KIND_TUNNELLED},
    {"channel data, highest channel", "4fff 0000", RS_KIND_TUNNELLED},
    {"channel data cut", "4f", RS_KIND_TUNNELLED},
    {"first byte 4", "04" ZEROS16 ZEROS16, RS_KIND_OPAQUE},
    {"first byte 15", "0f" ZEROS16 ZEROS16, RS_KIND_OPAQUE},
    {"a keep-alive of zeros", "00000000", RS_KIND_OPAQUE},
    {"text", "68656c6c6f", RS_KIND_OPAQUE},
};

/* Looks at memory of exactly that size, so that a sanitizer sees a step beyond it. */
static enum rs_kind demux_exact(const uint8_t *payload, size_t bytes)
{
    uint8_t *copy = malloc(bytes > 0 ? bytes : 1);
    enum rs_kind kind;

    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, payload, bytes);
    kind = rs_demux(copy, bytes);
    free(copy);
    return kind;
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t payload[256];
        const size_t bytes = rs_hex_decode(rows[i].payload, payload, sizeof(payload));
        enum rs_kind kind;

        CU_ASSERT_NOT_EQUAL_FATAL(bytes, SIZE_MAX);
        kind = demux_exact(payload, bytes);
        if (kind != rows[i].kind)
            printf("  %s: %d, not %d\n", rows[i].name, (int)kind, (int)rows[i].kind);
        CU_ASSERT_EQUAL(kind, rows[i].kind);
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void stun_passes_whole_and_without_data(void)
{
    CHECK_ROWS(stun_rows);
}

static void zrtp_passes_whole(void)
{
    CHECK_ROWS(zrtp_rows);
}

static void dtls_passes_whole(void)
{
    CHECK_ROWS(dtls_rows);
}

static void quic_passes_in_known_versions(void)
{
    CHECK_ROWS(quic_rows);
}

static void rtp_and_rtcp_are_told_apart_by_type_and_length(void)
{
    CHECK_ROWS(rtp_rows);
}

static void tunnels_are_named_and_all_else_is_opaque(void)
{
    CHECK_ROWS(other_rows);
}

/* Length fields that do not reach the end exactly are the mark of something else. */
static void a_byte_more_or_less_makes_what_has_a_length_opaque(void)
{
    static const struct row *const tables[] = {stun_rows, zrtp_rows, &rtp_rows[6]};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        uint8_t payload[256] = {0};
        const size_t bytes = rs_hex_decode(tables[i]->payload, payload, sizeof(payload) - 1);

        CU_ASSERT_FATAL(bytes > 1 && bytes < sizeof(payload));
        CU_ASSERT_NOT_EQUAL(demux_exact(payload, bytes), RS_KIND_OPAQUE);
        CU_ASSERT_EQUAL(demux_exact(payload, bytes - 1), RS_KIND_OPAQUE);
        CU_ASSERT_EQUAL(demux_exact(payload, bytes + 1), RS_KIND_OPAQUE);
    }
}

/* Noise under each first byte, which decides what it can be at most. */
static void noise_is_never_read_beyond_its_end_nor_taken_for_more_than_it_can_be(void)
{
    int surprises = 0;

    srand(7983);
    for (int i = 0; i < 256 * 1000; i++) {
        uint8_t payload[96];
        const uint8_t first = (uint8_t)i;
        const size_t bytes = 1 + (size_t)rand() % sizeof(payload);
        enum rs_kind kind;

        for (size_t k = 0; k < bytes; k++)
            payload[k] = (uint8_t)(rand() >> 8);
        payload[0] = first;
        kind = demux_exact(payload, bytes);
        if (kind == RS_KIND_OPAQUE)
            continue;
        /* STUN, ZRTP and known QUIC versions need 32 right bits and more. */
        if (first < 20 || first >= 192)
            surprises++;
        else if (first < 64)
            surprises += kind != RS_KIND_DTLS;
        else if (first < 80)
            surprises += kind != RS_KIND_TUNNELLED;
        else if (first < 128)
            surprises += kind != RS_KIND_QUIC;
        else
            surprises += kind != RS_KIND_RTP && kind != RS_KIND_RTCP;
    }
    CU_ASSERT_EQUAL(surprises, 0);
}

static const struct rs_test tests[] = {
    {"stun_passes_whole_and_without_data", stun_passes_whole_and_without_data},
    {"zrtp_passes_whole", zrtp_passes_whole},
    {"dtls_passes_whole", dtls_passes_whole},
    {"quic_passes_in_known_versions", quic_passes_in_known_versions},
    {"rtp_and_rtcp_are_told_apart_by_type_and_length",
     rtp_and_rtcp_are_told_apart_by_type_and_length},
    {"tunnels_are_named_and_all_else_is_opaque", tunnels_are_named_and_all_else_is_opaque},
    {"a_byte_more_or_less_makes_what_has_a_length_opaque",
     a_byte_more_or_less_makes_what_has_a_length_opaque},
    {"noise_is_never_read_beyond_its_end_nor_taken_for_more_than_it_can_be",
     noise_is_never_read_beyond_its_end_nor_taken_for_more_than_it_can_be},
};

int main(void)
{
    return rs_test_main("demux", tests, sizeof(tests) / sizeof(tests[0]));
}
