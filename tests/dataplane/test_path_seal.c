/* SPDX-License-Identifier: BSD-3-Clause */
/* Sealing through the whole path: what stays clear, what grows and by how much, what is dropped
 * instead; and that the other edge gets back what went in. */
#include <stdio.h>
#include <string.h>

#include "tests/support/frame.h"
#include "tests/support/hex.h"
#include "tests/support/host.h"
#include "tests/support/runner.h"

enum { ETHERNET = 14, UDP = 8, RTP = 12, HMAC_OVERHEAD = 28 };

/* A body is what `hex` says, filled up to `bytes`. */
struct body_row {
    const char *name;
    uint8_t payload_type;
    const char *hex;
    size_t bytes;
    size_t clear; /* bytes at the front that the router may see */
    bool whole;   /* O = 1 */
    uint8_t padding;
};

static const struct body_row body_rows[] = {
    {"VP8 key frame", 96, "10 500100 9d012a 8002e001", 200, .clear = 11},
    {"VP8 key frame, long descriptor", 96, "90 e0 8123 45 20 100200 9d012a 8002e001", 200,
     .clear = 16},
    {"VP8 delta frame", 96, "10 51", 200, .clear = 2},
    {"VP8 continuation", 96, "00 50", 200, .clear = 1},
    {"VP8 second partition", 96, "11 50", 200, .clear = 1},
    {"VP8 of its descriptor alone", 96, "10", 1, .clear = 1},
    {"VP8 key frame cut in its header", 96, "10 500100", 4, .clear = 4},
    {"VP8 descriptor past the end", 96, "90 e0 81", 3, .clear = 0, .whole = true},
    {"VP9 start of a frame", 98, "88 2a", 200, .clear = 3},
    {"VP9 middle of a frame", 98, "80 2a", 200, .clear = 2}, /* I, 7 bits of picture id */
    {"H264 slice", 102, "65", 200, .clear = 1},
    {"H264 parameter set", 102, "67", 20, .clear = 20},
    {"H264 parameter set of 257 bytes", 102, "67", 257, .clear = 1},
    {"H264 FU-A", 102, "7c 85", 200, .clear = 2},
    {"opus", 111, "78", 160, .clear = 1},
    {"opus, TOC alone", 111, "f8", 1, .clear = 1},
    {"opus silence", 111, "f8fffe", 3, .clear = 1},
    {"G.711", 0, "ff", 160, .clear = 0, .whole = true},
    {"a type that the stream does not name", 97, "ff", 160, .clear = 0, .whole = true},
    {"one byte", 0, "2a", 1, .clear = 0, .whole = true},
    {"padding", 96, "10 51", 200, .clear = 2, .padding = 8},
    {"padding of one byte", 111, "78", 80, .clear = 1, .padding = 1},
    {"padding longer than the body", 111, "78", 10, .clear = 1, .padding = 255},
};

static struct rs_host *host;
static struct rs_session *session;

/* Sealing on link 0, opening on link 1. */
struct legs {
    struct rs_stream *seal, *open;
};

static struct legs add_legs(const struct rs_stream_config *like)
{
    struct rs_stream_config config = *like;
    struct legs legs;

    if (session == NULL)
        session = rs_host_session(host, &session, 1);
    config.direction = RS_SEAL;
    config.link = 0;
    legs.seal = rs_host_stream(session, &config);
    config.direction = RS_OPEN;
    config.link = 1;
    legs.open = rs_host_stream(session, &config);
    return legs;
}

static void remove_legs(const struct legs *legs)
{
    rs_stream_destroy(legs->seal);
    rs_stream_destroy(legs->open);
}

static uint16_t l3_of(const struct rs_test_frame *frame)
{
    return (uint16_t)(ETHERNET + 4 * frame->vlan_count);
}

static uint16_t l4_of(const struct rs_test_frame *frame)
{
    return (uint16_t)(l3_of(frame) + (frame->family == 6 ? 40 : 20) + frame->option_bytes);
}

static size_t rtp_header_bytes(const struct rs_test_rtp *rtp)
{
    return RTP + 4 * rtp->csrc_count + (rtp->extension != NULL ? 4 + rtp->extension_bytes : 0);
}

/* Seals a packet and opens it again; `out` holds the sealed frame. */
static void go_round(const struct legs *legs, const struct rs_test_frame *frame,
                     const struct rs_test_rtp *rtp, size_t overhead, struct rs_host_trip *there)
{
    uint8_t plain[RS_HOST_FRAME_BYTES];
    const size_t bytes = rs_test_media_write(frame, rtp, plain, sizeof(plain));
    const size_t datagram_bytes = bytes - frame->padding_bytes;
    struct rs_host_trip back = {.link = 1, .direction = RS_OPEN, .stream = legs->open};

    CU_ASSERT_FATAL(bytes > 0);
    *there = (struct rs_host_trip){.stream = legs->seal, .frame = plain, .bytes = bytes};
    CU_ASSERT_EQUAL_FATAL(rs_host_run(host, there), RS_SEALED);
    CU_ASSERT_EQUAL(there->out_bytes, datagram_bytes + overhead);
    CU_ASSERT(rs_test_frame_is_right(there->out, there->out_bytes, l3_of(frame), l4_of(frame)));
    CU_ASSERT(memcmp(there->out + l4_of(frame) + UDP, plain + l4_of(frame) + UDP,
                     rtp_header_bytes(rtp)) == 0);
    back.frame = there->out;
    back.bytes = there->out_bytes;
    CU_ASSERT_EQUAL(rs_host_run(host, &back), RS_OPENED);
    CU_ASSERT_EQUAL(back.out_bytes, datagram_bytes);
    CU_ASSERT(memcmp(back.out, plain, datagram_bytes) == 0);
}

static size_t fill_body(const struct body_row *row, uint8_t *body)
{
    for (size_t i = 0; i < row->bytes; i++)
        body[i] = (uint8_t)(i * 7 + 3);
    rs_hex_decode(row->hex, body, row->bytes);
    return row->bytes;
}

/* What the sealed payload shows, byte by byte from its front, and its last byte. */
static void check_sealed(const struct body_row *row, const uint8_t *body, const uint8_t *sealed,
                         size_t overhead)
{
    const size_t hidden = row->bytes - row->clear;
    const uint8_t *padding = sealed + row->bytes + overhead;

    CU_ASSERT(memcmp(sealed, body, row->clear) == 0);
    if (hidden >= 8)
        CU_ASSERT(memcmp(sealed + row->clear, body + row->clear, 8) != 0);
    CU_ASSERT_EQUAL(padding[-1], row->whole ? 0x71 : 0x51);
    CU_ASSERT_EQUAL(padding[-18], 0xff);
    for (unsigned int i = 0; i < row->padding; i++)
        CU_ASSERT_EQUAL(padding[i], i + 1 < row->padding ? 0 : row->padding);
}

static void run_bodies(const char *suite, size_t overhead)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct legs legs;

    config.suite = rs_suite_find(suite);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config.suite);
    legs = add_legs(&config);
    for (size_t i = 0; i < sizeof(body_rows) / sizeof(body_rows[0]); i++) {
        const struct body_row *row = &body_rows[i];
        const unsigned int failed = CU_get_number_of_failures();
        uint8_t body[512];
        const struct rs_test_frame frame = {0};
        const struct rs_test_rtp rtp = {.payload_type = row->payload_type,
                                        .ssrc = 0x1234,
                                        .sequence = (uint16_t)i,
                                        .body = body,
                                        .body_bytes = fill_body(row, body),
                                        .padding_bytes = row->padding};
        struct rs_host_trip there;

        go_round(&legs, &frame, &rtp, overhead, &there);
        check_sealed(row, body, there.out + ETHERNET + 20 + UDP + RTP, overhead);
        if (CU_get_number_of_failures() != failed)
            printf("%s: %s\n", suite, row->name);
    }
    remove_legs(&legs);
}

static void each_codec_shows_what_a_router_reads_and_no_more(void)
{
    run_bodies("AES_256_CTR_HMAC_SHA512_80", 28);
    run_bodies("AES_256_CTR_HMAC_SHA512_64", 26);
    run_bodies("AES_256_CTR_HMAC_SHA512_32", 22);
    run_bodies("AES_256_GCM_SHA512_128", 34);
    run_bodies("AES_128_CTR_HMAC_SHA256_80", 28);
    run_bodies("AES_128_CTR_HMAC_SHA256_64", 26);
    run_bodies("AES_128_CTR_HMAC_SHA256_32", 22);
    run_bodies("AES_128_GCM_SHA256_128", 34);
    run_bodies("AES_256_CTR", 18);
}

static void the_last_unit_of_an_aggregate_grows_with_the_packet(void)
{
    static const uint8_t body[] = {0x78, 0,    4, 0x67, 1, 2, 3, 0, 9,
                                   0x65, 0x88, 1, 2,    3, 4, 5, 6, 7};
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const struct legs legs = add_legs(&config);
    const struct rs_test_frame frame = {0};
    const struct rs_test_rtp rtp = {.payload_type = 102, .body = body, .body_bytes = sizeof(body)};
    struct rs_host_trip there;
    const uint8_t *sealed = there.out + ETHERNET + 20 + UDP + RTP;

    go_round(&legs, &frame, &rtp, HMAC_OVERHEAD, &there);
    CU_ASSERT(memcmp(sealed, body, 7) == 0);
    CU_ASSERT_EQUAL(sealed[7] << 8 | sealed[8], 9 + HMAC_OVERHEAD);
    CU_ASSERT_EQUAL(sealed[9], 0x65);
    CU_ASSERT(memcmp(sealed + 10, body + 10, 8) != 0);
    remove_legs(&legs);
}

/* The flow that the default stream names, over each family and tag. */
static struct legs add_legs_for(const struct rs_test_frame *frame)
{
    static const uint8_t dst6[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 0x20};
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    if (frame->family == 6) {
        config.flow.family = 6;
        memcpy(config.flow.dst, dst6, sizeof(dst6));
    }
    config.flow.vlan = frame->vlan_count > 0 ? frame->vlans[0] & 0xfff : 0;
    return add_legs(&config);
}

static void lengths_and_checksums_are_right_whatever_lies_around_the_payload(void)
{
    static const uint32_t csrcs[] = {1, 2, 3};
    static const uint8_t options4[] = {0x94, 4, 0, 0, 1, 1, 1, 0};
    static const uint8_t options6[] = {17, 0, 1, 4, 0, 0, 0, 0};
    static const uint8_t extension[] = {0x10, 0xaa, 0x20, 0xbb, 0, 0, 0, 0};
    static const uint16_t tag[] = {0x6007}, priority[] = {0xe000};
    static const struct rs_test_frame frames[] = {
        {.family = 4},
        {.family = 6},
        {.family = 4, .without_checksum = true},
        {.family = 4, .options = options4, .option_bytes = sizeof(options4)},
        {.family = 6, .options = options6, .option_bytes = sizeof(options6), .first_header = 60},
        {.family = 4, .vlans = tag, .vlan_count = 1},
        {.family = 6, .vlans = tag, .vlan_count = 1},
        {.family = 4, .vlans = priority, .vlan_count = 1},
        {.family = 4, .padding_bytes = 18},
        {.family = 6, .padding_bytes = 100},
    };

    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        const struct legs legs = add_legs_for(&frames[i]);
        uint8_t body[301] = {0x10, 0x51};

        /* Every length, odd and even, and every value of the checksum's last word. */
        for (size_t bytes = 2; bytes < sizeof(body); bytes += 23) {
            const struct rs_test_rtp rtp = {.payload_type = 96,
                                            .body = body,
                                            .body_bytes = bytes,
                                            .csrcs = csrcs,
                                            .csrc_count = bytes % 4,
                                            .extension = bytes % 3 == 0 ? extension : NULL,
                                            .extension_bytes = sizeof(extension),
                                            .padding_bytes = bytes % 5 == 0 ? 4 : 0};
            struct rs_host_trip there;
            const uint8_t *udp = there.out + l4_of(&frames[i]);

            go_round(&legs, &frames[i], &rtp, HMAC_OVERHEAD, &there);
            CU_ASSERT_EQUAL((udp[6] | udp[7]) == 0, frames[i].without_checksum);
        }
        remove_legs(&legs);
    }
}

/* Sends a packet with a body of so many bytes into link 0 and returns its outcome. */
static enum rs_outcome seal_body(const struct rs_stream *stream, size_t body_bytes,
                                 const struct rs_test_frame *frame, struct rs_host_trip *trip)
{
    uint8_t body[3000] = {0x10, 0x51}, plain[4096];
    const struct rs_test_rtp rtp = {.payload_type = 96, .body = body, .body_bytes = body_bytes};

    trip->stream = stream;
    trip->frame = plain;
    trip->bytes = rs_test_media_write(frame, &rtp, plain, sizeof(plain));
    CU_ASSERT_FATAL(trip->bytes > 0);
    return rs_host_run(host, trip);
}

static void what_would_outgrow_the_mtu_is_dropped(void)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const struct legs legs = add_legs(&config);
    const struct rs_test_frame frame = {0};
    const size_t largest = 1500 - 20 - UDP - RTP - HMAC_OVERHEAD;
    struct rs_host_trip fits = {0}, longer = {0}, far = {0};

    CU_ASSERT_EQUAL(seal_body(legs.seal, largest, &frame, &fits), RS_SEALED);
    CU_ASSERT_EQUAL(fits.out_bytes, ETHERNET + 1500);
    CU_ASSERT_EQUAL(seal_body(legs.seal, largest + 1, &frame, &longer), RS_TOO_BIG);
    CU_ASSERT_EQUAL(seal_body(legs.seal, largest + 28, &frame, &far), RS_TOO_BIG);
    remove_legs(&legs);
}

static void what_has_no_room_to_grow_is_dropped(void)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const struct legs legs = add_legs(&config);
    const struct rs_test_frame frame = {0}, padded = {.padding_bytes = HMAC_OVERHEAD};
    struct rs_host_trip fits = {.tight = true, .tailroom = HMAC_OVERHEAD};
    struct rs_host_trip short_of = {.tight = true, .tailroom = HMAC_OVERHEAD - 1};
    struct rs_host_trip into_padding = {.tight = true};

    CU_ASSERT_EQUAL(seal_body(legs.seal, 100, &frame, &fits), RS_SEALED);
    CU_ASSERT_EQUAL(seal_body(legs.seal, 100, &frame, &short_of), RS_NO_TAILROOM);
    CU_ASSERT_EQUAL(seal_body(legs.seal, 100, &padded, &into_padding), RS_SEALED);
    CU_ASSERT(rs_test_frame_is_right(into_padding.out, into_padding.out_bytes, 14, 34));
    remove_legs(&legs);
}

static void chained_buffers_are_joined_or_dropped(void)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const struct legs legs = add_legs(&config);
    const struct rs_test_frame frame = {0};
    struct rs_host_trip joined = {.segment_bytes = 100}, in_header = {.segment_bytes = 40};
    struct rs_host_trip back = {.link = 1, .direction = RS_OPEN, .stream = legs.open};
    struct rs_host_trip too_long = {.segment_bytes = 1000};

    CU_ASSERT_EQUAL(seal_body(legs.seal, 400, &frame, &joined), RS_SEALED);
    CU_ASSERT(rs_test_frame_is_right(joined.out, joined.out_bytes, 14, 34));
    back.frame = joined.out;
    back.bytes = joined.out_bytes;
    back.segment_bytes = 77;
    CU_ASSERT_EQUAL(rs_host_run(host, &back), RS_OPENED);
    CU_ASSERT_EQUAL(back.out_bytes, joined.bytes);
    CU_ASSERT_EQUAL(seal_body(NULL, 400, &frame, &in_header), RS_TRUNCATED);
    CU_ASSERT_EQUAL(seal_body(NULL, 2400, &frame, &too_long), RS_SEGMENTED);
    remove_legs(&legs);
}

static void a_wrong_checksum_is_never_made_right(void)
{
    struct rs_test_frame v6 = {.family = 6, .without_checksum = true};
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const struct legs legs = add_legs(&config), legs6 = add_legs_for(&v6);
    uint8_t body[100] = {0x10, 0x51}, plain[300];
    const struct rs_test_rtp rtp = {.payload_type = 96, .body = body, .body_bytes = sizeof(body)};
    const struct rs_test_frame v4 = {0};
    struct rs_host_trip trip = {.stream = legs.seal, .frame = plain}, zero = {0};

    trip.bytes = rs_test_media_write(&v4, &rtp, plain, sizeof(plain));
    plain[trip.bytes - 1] ^= 1;
    CU_ASSERT_EQUAL(rs_host_run(host, &trip), RS_BAD_CHECKSUM);
    plain[trip.bytes - 1] ^= 1;
    plain[40] ^= 0x80;
    CU_ASSERT_EQUAL(rs_host_run(host, &trip), RS_BAD_CHECKSUM);
    CU_ASSERT_EQUAL(seal_body(legs6.seal, 100, &v6, &zero), RS_BAD_CHECKSUM);
    remove_legs(&legs);
    remove_legs(&legs6);
}

static void a_packet_without_payload_passes_unchanged(void)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const struct legs legs = add_legs(&config);
    const struct rs_test_frame frame = {0};

    for (unsigned int padding = 0; padding < 256; padding += 85) {
        const struct rs_test_rtp rtp = {.payload_type = 96, .padding_bytes = (uint8_t)padding};
        uint8_t plain[400];
        const size_t bytes = rs_test_media_write(&frame, &rtp, plain, sizeof(plain));
        struct rs_host_trip there = {.stream = legs.seal, .frame = plain, .bytes = bytes};
        struct rs_host_trip back = {.link = 1, .direction = RS_OPEN, .stream = legs.open};

        CU_ASSERT_EQUAL(rs_host_run(host, &there), RS_EMPTY);
        CU_ASSERT_EQUAL(there.out_bytes, bytes);
        CU_ASSERT(memcmp(there.out, plain, bytes) == 0);
        back.frame = there.out;
        back.bytes = there.out_bytes;
        CU_ASSERT_EQUAL(rs_host_run(host, &back), RS_EMPTY);
        CU_ASSERT(memcmp(back.out, plain, bytes) == 0);
    }
    remove_legs(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"each_codec_shows_what_a_router_reads_and_no_more",
         each_codec_shows_what_a_router_reads_and_no_more},
        {"the_last_unit_of_an_aggregate_grows_with_the_packet",
         the_last_unit_of_an_aggregate_grows_with_the_packet},
        {"lengths_and_checksums_are_right_whatever_lies_around_the_payload",
         lengths_and_checksums_are_right_whatever_lies_around_the_payload},
        {"what_would_outgrow_the_mtu_is_dropped", what_would_outgrow_the_mtu_is_dropped},
        {"what_has_no_room_to_grow_is_dropped", what_has_no_room_to_grow_is_dropped},
        {"chained_buffers_are_joined_or_dropped", chained_buffers_are_joined_or_dropped},
        {"a_wrong_checksum_is_never_made_right", a_wrong_checksum_is_never_made_right},
        {"a_packet_without_payload_passes_unchanged", a_packet_without_payload_passes_unchanged},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_seal", tests, sizeof(tests) / sizeof(tests[0]));
    if (session != NULL)
        rs_session_destroy(session);
    rs_host_stop(host);
    return rc;
}
