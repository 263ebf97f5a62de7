/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening what an independent model of the wire format sealed, refusing what it says must be
 * refused, and the order in which reasons to refuse are looked at. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "tests/support/hex.h"
#include "tests/support/legs.h"
#include "tests/support/runner.h"

static struct rs_host *host;

/* ---- the model's packets ------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    return text;
}

/* Where the default stream has the codec. */
static uint8_t payload_type_of(const char *codec)
{
    static const struct {
        const char *codec;
        uint8_t payload_type;
    } rows[] = {{"other", 0},     {"AV1", 45},      {"VP8", 96},   {"VP9", 98},
                {"H264", 102},    {"H265", 104},    {"opus", 111}, {"rtx:other", 120},
                {"rtx:VP8", 122}, {"rtx:H264", 124}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(codec, rows[i].codec) == 0)
            return rows[i].payload_type;
    }
    CU_FAIL_FATAL("no stream has the codec");
    return 0;
}

/* Sends an item's sealed payload and compares what became of it. */
static void check_item(const struct rs_stream *stream, const json_t *item, const char *expected,
                       const char *plain_hex)
{
    struct rs_leg_packet packet = {.payload_type = payload_type_of(text_of(item, "codec")),
                                   .ssrc = 0x1234};
    struct rs_leg_packet opened;
    uint8_t plain[RS_HOST_FRAME_BYTES];
    enum rs_outcome outcome;

    packet.bytes = rs_hex_decode(text_of(item, "sealed"), packet.payload, sizeof(packet.payload));
    CU_ASSERT_FATAL(packet.bytes != SIZE_MAX);
    outcome = rs_leg_run(host, 1, RS_OPEN, stream, &packet, &opened);
    if (strcmp(rs_outcome_name(outcome), expected) != 0)
        printf("%s: %s, not %s\n", text_of(item, "name"), rs_outcome_name(outcome), expected);
    CU_ASSERT_STRING_EQUAL(rs_outcome_name(outcome), expected);
    if (outcome != RS_OPENED)
        return;
    CU_ASSERT_EQUAL(opened.bytes, rs_hex_decode(plain_hex, plain, sizeof(plain)));
    CU_ASSERT(memcmp(opened.payload, plain, opened.bytes) == 0);
}

/* Returns how many there were. */
static size_t run_items(const struct rs_stream *stream, const json_t *items, const char *expected)
{
    const json_t *item;
    size_t i;

    json_array_foreach(items, i, item)
        check_item(stream, item, expected != NULL ? expected : text_of(item, "outcome"),
                   json_string_value(json_object_get(item, "plain")));
    return json_array_size(items);
}

static size_t run_group(const json_t *group, const struct rs_suite *suite)
{
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, &host);
    struct rs_stream_config config = rs_host_stream_config(RS_OPEN, 1);
    const json_t *packets = json_object_get(group, "packets");
    struct rs_stream *stream;
    uint8_t base_key[64];
    enum rs_staging staging;
    struct rs_key_info info;
    size_t ran;

    CU_ASSERT_EQUAL_FATAL(rs_hex_decode(text_of(group, "base_key"), base_key, sizeof(base_key)),
                          64);
    CU_ASSERT_EQUAL_FATAL(rs_session_stage_key(session, base_key, 64, 1, &staging, &info), 0);
    CU_ASSERT_STRING_EQUAL(info.by_hash[suite->hash].fingerprint, text_of(group, "fingerprint"));
    config.suite = suite;
    stream = rs_host_stream(session, &config);
    /* What is refused leaves nothing behind: the packets open after it, and once. */
    ran = run_items(stream, json_object_get(group, "rejects"), NULL);
    ran += run_items(stream, packets, "opened");
    run_items(stream, packets, suite->nt > 0 ? "replay" : "opened");
    rs_stream_destroy(stream);
    rs_session_destroy(session);
    return ran;
}

static void what_the_model_sealed_opens_and_what_it_refuses_does_not(void)
{
    json_t *file = json_load_file(RS_VECTORS "/sealed-payloads.json", 0, NULL), *group;
    unsigned int groups = 0;
    size_t i;

    CU_ASSERT_FATAL(json_is_array(file));
    json_array_foreach(file, i, group) {
        const struct rs_suite *suite =
            rs_suite_find_number((uint16_t)json_integer_value(json_object_get(group, "suite")));

        if (suite == NULL || json_object_get(group, "fingerprint") == NULL)
            continue;
        CU_ASSERT(run_group(group, suite) > 90);
        groups++;
    }
    CU_ASSERT_EQUAL(groups, rs_suite_count);
    json_decref(file);
}

/* ---- the order ---------------------------------------------------------------------------- */

static void cut(struct rs_leg_packet *packet, size_t bytes)
{
    memmove(packet->payload, packet->payload + packet->bytes - bytes, bytes);
    packet->bytes = bytes;
}

/* Changes of a sealed VP8 packet. Offsets are in its last 18 bytes: config byte 0, KID 1 to 8 with
 * the suite's code in the low half of byte 6 and the key tag in 7 and 8, CTR 9 to 16, T 17. */
static void length_16(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[17] = 0x50;
}

static void config_byte(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[0] = 0xfe;
}

static void kid_without_top_bit(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[1] &= 0x7f;
}

static void ctr_without_top_bit(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[9] &= 0x7f;
}

static void only_17_bytes(struct rs_leg_packet *p)
{
    cut(p, 17);
}

static void ctr_top_bit_and_version(struct rs_leg_packet *p)
{
    ctr_without_top_bit(p);
    rs_leg_trailer(p)[17] = 0x91;
}

static void version_0(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[17] = 0x11;
}

static void version_2_and_suite(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[17] = 0x91;
    rs_leg_trailer(p)[6] ^= 1;
}

static void suite_and_key_tag(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[6] ^= 1;
    rs_leg_trailer(p)[8] ^= 1;
}

static void suite_and_no_room_for_a_tag(struct rs_leg_packet *p)
{
    cut(p, 20);
    rs_leg_trailer(p)[6] ^= 1;
}

static void no_room_for_a_tag_and_key_tag(struct rs_leg_packet *p)
{
    cut(p, 27);
    rs_leg_trailer(p)[8] ^= 1;
}

static void key_tag_and_payload_type(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[8] ^= 1;
    p->payload_type = 97;
}

static void payload_type_unnamed(struct rs_leg_packet *p)
{
    p->payload_type = 97;
}

static void payload_type_without_rule(struct rs_leg_packet *p)
{
    p->payload_type = 0;
}

static void no_body(struct rs_leg_packet *p)
{
    cut(p, 28);
}

static void descriptor_past_the_end(struct rs_leg_packet *p)
{
    cut(p, 29);
    p->payload[0] = 0x90;
}

static void clear_byte(struct rs_leg_packet *p)
{
    p->payload[1] ^= 2;
}

static void sealed_byte(struct rs_leg_packet *p)
{
    p->payload[50] ^= 1;
}

static void tag_byte(struct rs_leg_packet *p)
{
    p->payload[p->bytes - 28] ^= 1;
}

static void sender_id(struct rs_leg_packet *p)
{
    rs_leg_trailer(p)[2] ^= 1;
}

static void nothing(struct rs_leg_packet *p)
{
    p->bytes = 0;
}

static void another_ssrc(struct rs_leg_packet *p)
{
    p->ssrc = 0x9999; /* a router's */
}

static void a_byte_of_the_descriptor(struct rs_leg_packet *p)
{
    p->payload[0] |= 0x20; /* N: not authenticated */
}

static void the_first_reason_in_order_names_what_is_dropped(void)
{
    static const struct {
        void (*change)(struct rs_leg_packet *packet);
        enum rs_outcome outcome;
    } rows[] = {
        {nothing, RS_EMPTY},
        {only_17_bytes, RS_NOT_SEALED},
        {length_16, RS_NOT_SEALED},
        {config_byte, RS_NOT_SEALED},
        {kid_without_top_bit, RS_NOT_SEALED},
        {ctr_without_top_bit, RS_NOT_SEALED},
        {ctr_top_bit_and_version, RS_NOT_SEALED},
        {version_0, RS_BAD_VERSION},
        {version_2_and_suite, RS_BAD_VERSION},
        {suite_and_key_tag, RS_SUITE_MISMATCH},
        {suite_and_no_room_for_a_tag, RS_SUITE_MISMATCH},
        {no_room_for_a_tag_and_key_tag, RS_NOT_SEALED},
        {key_tag_and_payload_type, RS_SECRET_MISMATCH},
        {payload_type_unnamed, RS_UNKNOWN_PAYLOAD_TYPE},
        {payload_type_without_rule, RS_UNKNOWN_PAYLOAD_TYPE},
        {no_body, RS_MALFORMED},
        {descriptor_past_the_end, RS_MALFORMED},
        {clear_byte, RS_AUTH_FAILED},
        {sealed_byte, RS_AUTH_FAILED},
        {tag_byte, RS_AUTH_FAILED},
        {sender_id, RS_AUTH_FAILED},
        {another_ssrc, RS_OPENED},
        {a_byte_of_the_descriptor, RS_OPENED},
    };
    const struct rs_legs legs = rs_legs_make(host, NULL);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rs_leg_packet original = rs_leg_vp8(1), changed;
        enum rs_outcome outcome;

        rs_leg_seal(host, legs.seal, &original);
        changed = original;
        rows[i].change(&changed);
        outcome = rs_leg_open(host, legs.open, &changed);
        if (outcome != rows[i].outcome)
            printf("row %zu: %s, not %s\n", i, rs_outcome_name(outcome),
                   rs_outcome_name(rows[i].outcome));
        CU_ASSERT_EQUAL(outcome, rows[i].outcome);
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &original),
                        outcome == RS_OPENED ? RS_REPLAY : RS_OPENED);
    }
    rs_legs_end(&legs);
}

static void a_replay_is_named_before_what_else_is_wrong_with_it(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    struct rs_leg_packet packet = rs_leg_vp8(1);

    rs_leg_seal(host, legs.seal, &packet);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_OPENED);
    packet.payload_type = 97;
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_REPLAY);
    packet.payload_type = 96;
    packet.payload[50] ^= 1;
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_REPLAY);
    rs_legs_end(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"what_the_model_sealed_opens_and_what_it_refuses_does_not",
         what_the_model_sealed_opens_and_what_it_refuses_does_not},
        {"the_first_reason_in_order_names_what_is_dropped",
         the_first_reason_in_order_names_what_is_dropped},
        {"a_replay_is_named_before_what_else_is_wrong_with_it",
         a_replay_is_named_before_what_else_is_wrong_with_it},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_open", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
