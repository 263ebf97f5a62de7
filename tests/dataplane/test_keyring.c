/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of a session's keyring, and what they mean for packets under each of its keys. */
#include "dataplane/keyring.h"

#include <errno.h>
#include <string.h>

#include "dataplane/cipher.h"
#include "dataplane/table.h"
#include "tests/support/frame.h"
#include "tests/support/host.h"
#include "tests/support/runner.h"

enum { COLLISION_TRIES = 4096 };

static struct rs_host *host;
static char us, them; /* owners */

/* A sealing edge and an opening edge. */
struct edges {
    struct rs_session *sealer, *opener;
    struct rs_stream *publish, *subscribe;
};

static struct edges connect_edges(uint32_t seed, const char *suite)
{
    struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);
    struct edges edges = {.sealer = rs_host_session(host, &us, seed),
                          .opener = rs_host_session(host, &them, seed)};

    seal.suite = open.suite = rs_suite_find(suite);
    edges.publish = rs_host_stream(edges.sealer, &seal);
    edges.subscribe = rs_host_stream(edges.opener, &open);
    rs_host_forget_events(host);
    return edges;
}

static struct edges connect_default(void)
{
    return connect_edges(1, "AES_256_CTR_HMAC_SHA512_80");
}

static void disconnect(const struct edges *edges)
{
    rs_stream_destroy(edges->publish);
    rs_stream_destroy(edges->subscribe);
    rs_session_destroy(edges->sealer);
    rs_session_destroy(edges->opener);
}

static void plain_frame(uint16_t sequence, struct rs_host_trip *trip, uint8_t *out)
{
    uint8_t body[80] = {0x10, 0x01}, rtp[128];
    const struct rs_test_rtp header = {.payload_type = 96,
                                       .ssrc = 1,
                                       .sequence = sequence,
                                       .body = body,
                                       .body_bytes = sizeof(body)};
    struct rs_test_frame frame = {.payload = rtp};

    memset(body + 2, sequence, sizeof(body) - 2);
    frame.payload_bytes = rs_test_rtp_write(&header, rtp, sizeof(rtp));
    *trip = (struct rs_host_trip){.direction = RS_SEAL, .frame = out};
    trip->bytes = rs_test_frame_write(&frame, out, RS_HOST_FRAME_BYTES);
}

/* Seals a packet; *trip holds it. */
static enum rs_outcome seal(uint16_t sequence, struct rs_host_trip *trip)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];

    plain_frame(sequence, trip, frame);
    return rs_host_run(host, trip);
}

/* Opens what `sealed` holds; asserts that it is the packet of that sequence, where it opens. */
static enum rs_outcome open_sealed(uint16_t sequence, const struct rs_host_trip *sealed)
{
    struct rs_host_trip trip = {
        .link = 1, .direction = RS_OPEN, .frame = sealed->out, .bytes = sealed->out_bytes};
    uint8_t frame[RS_HOST_FRAME_BYTES];
    struct rs_host_trip plain;
    const enum rs_outcome outcome = rs_host_run(host, &trip);

    plain_frame(sequence, &plain, frame);
    if (outcome == RS_OPENED)
        CU_ASSERT(trip.out_bytes == plain.bytes && memcmp(trip.out, frame, plain.bytes) == 0);
    return outcome;
}

static int stage(struct rs_session *session, uint32_t seed, uint32_t epoch,
                 enum rs_staging *staging, struct rs_key_info *info)
{
    uint8_t base_key[RS_HOST_KEY_BYTES];

    rs_host_base_key(seed, base_key);
    return rs_session_stage_key(session, base_key, sizeof(base_key), epoch, staging, info);
}

/* Stages and expects an error; nothing may have changed. */
static void check_refused(struct rs_session *session, uint32_t seed, int error)
{
    enum rs_staging staging = (enum rs_staging)99;
    struct rs_key_info info = {.epoch = 99};
    const struct rs_keyring *ring = session->ring;

    CU_ASSERT_EQUAL(stage(session, seed, 50, &staging, &info), error);
    CU_ASSERT_EQUAL(staging, 99);
    CU_ASSERT_EQUAL(info.epoch, 99);
    CU_ASSERT_PTR_EQUAL(session->ring, ring);
}

static void check_epochs(const struct rs_session *session, uint32_t staged, uint32_t active,
                         const uint32_t *previous, size_t count)
{
    struct rs_keyring_info ring;

    rs_session_get_keyring(session, &ring);
    CU_ASSERT_EQUAL(ring.has_staged ? ring.staged.epoch : 0, staged);
    CU_ASSERT_EQUAL(ring.has_active ? ring.active.epoch : 0, active);
    CU_ASSERT_EQUAL_FATAL(ring.previous_count, count);
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL(ring.previous[i].epoch, previous[i]);
}

static void a_key_is_staged_once_at_a_time(void)
{
    struct rs_session *session = rs_host_session(host, &us, 1);
    uint32_t replaced = 77;

    CU_ASSERT_EQUAL(rs_session_activate_key(session, &replaced), -ENOENT);
    CU_ASSERT_EQUAL(replaced, 77);
    rs_host_stage(session, 2, 2);
    check_refused(session, 3, -EBUSY);
    check_refused(session, 2, -EBUSY);
    check_epochs(session, 2, 1, NULL, 0);
    CU_ASSERT_EQUAL(rs_session_activate_key(session, &replaced), 0);
    CU_ASSERT_EQUAL(replaced, 1);
    check_epochs(session, 0, 2, (const uint32_t[]){1}, 1);
    rs_session_destroy(session);
}

static void a_full_ring_takes_no_new_key_but_lets_one_move(void)
{
    struct rs_session *session = rs_host_session(host, &us, 1);
    enum rs_staging staging;
    struct rs_key_info info;

    for (uint32_t epoch = 2; epoch <= RS_PREVIOUS_MAX + 1; epoch++)
        rs_host_set_key(session, epoch, epoch);
    check_epochs(session, 0, 7, (const uint32_t[]){6, 5, 4, 3, 2, 1}, 6);
    check_refused(session, 8, -EBUSY);
    CU_ASSERT_EQUAL(stage(session, 3, 8, &staging, &info), 0);
    CU_ASSERT_EQUAL(staging, RS_STAGED_AGAIN);
    CU_ASSERT_EQUAL(info.epoch, 8);
    check_epochs(session, 8, 7, (const uint32_t[]){6, 5, 4, 2, 1}, 5);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 8), 0);
    check_epochs(session, 0, 7, (const uint32_t[]){6, 5, 4, 2, 1}, 5);
    rs_host_stage(session, 8, 9);
    check_epochs(session, 9, 7, (const uint32_t[]){6, 5, 4, 2, 1}, 5);
    rs_session_destroy(session);
}

static void the_active_key_staged_again_changes_nothing(void)
{
    struct rs_session *session = rs_host_session(host, &us, 1);
    const struct rs_keyring *ring = session->ring;
    enum rs_staging staging;
    struct rs_key_info info;

    CU_ASSERT_EQUAL(stage(session, 1, 9, &staging, &info), 0);
    CU_ASSERT_EQUAL(staging, RS_STAGED_ACTIVE);
    CU_ASSERT_EQUAL(info.epoch, 1);
    CU_ASSERT_PTR_EQUAL(session->ring, ring);
    rs_session_destroy(session);
}

static void a_previous_key_staged_again_keeps_its_windows(void)
{
    struct edges edges = connect_default();
    struct rs_host_trip old, new;
    uint32_t replaced;

    CU_ASSERT_EQUAL(seal(1, &old), RS_SEALED);
    CU_ASSERT_EQUAL(open_sealed(1, &old), RS_OPENED);
    CU_ASSERT_EQUAL(open_sealed(1, &old), RS_REPLAY);
    rs_host_set_key(edges.opener, 2, 2);
    CU_ASSERT_EQUAL(open_sealed(1, &old), RS_REPLAY);
    rs_host_stage(edges.opener, 1, 3);
    CU_ASSERT_EQUAL(open_sealed(1, &old), RS_REPLAY);
    CU_ASSERT_EQUAL(rs_session_activate_key(edges.opener, &replaced), 0);
    CU_ASSERT_EQUAL(open_sealed(1, &old), RS_REPLAY);
    CU_ASSERT_EQUAL(seal(2, &new), RS_SEALED);
    CU_ASSERT_EQUAL(open_sealed(2, &new), RS_OPENED);
    check_epochs(edges.opener, 0, 3, (const uint32_t[]){2}, 1);
    disconnect(&edges);
}

static void a_packet_opens_under_staged_active_and_previous_keys_and_no_longer(void)
{
    struct edges edges = connect_default();
    struct rs_host_trip trips[6];
    uint32_t replaced;

    for (uint16_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(seal(i, &trips[i]), RS_SEALED);
    CU_ASSERT_EQUAL(open_sealed(0, &trips[0]), RS_OPENED);
    rs_host_set_key(edges.sealer, 2, 2);
    CU_ASSERT_EQUAL(seal(4, &trips[4]), RS_SEALED);
    CU_ASSERT_EQUAL(seal(5, &trips[5]), RS_SEALED);
    CU_ASSERT_EQUAL(open_sealed(4, &trips[4]), RS_SECRET_MISMATCH);
    rs_host_stage(edges.opener, 2, 2);
    CU_ASSERT_EQUAL(open_sealed(4, &trips[4]), RS_OPENED);
    CU_ASSERT_EQUAL(open_sealed(1, &trips[1]), RS_OPENED);
    CU_ASSERT_EQUAL(rs_session_activate_key(edges.opener, &replaced), 0);
    CU_ASSERT_EQUAL(open_sealed(5, &trips[5]), RS_OPENED);
    CU_ASSERT_EQUAL(open_sealed(2, &trips[2]), RS_OPENED);
    CU_ASSERT_EQUAL(rs_session_retire_key(edges.opener, 1), 0);
    CU_ASSERT_EQUAL(open_sealed(3, &trips[3]), RS_SECRET_MISMATCH);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_RETIRED, &them, 1), 1);
    CU_ASSERT_EQUAL(open_sealed(3, &trips[3]), RS_SECRET_MISMATCH);
    disconnect(&edges);
}

static void what_is_active_or_unknown_is_not_retired(void)
{
    struct rs_session *session = rs_host_session(host, &us, 1);

    rs_host_set_key(session, 2, 2);
    rs_host_stage(session, 3, 3);
    rs_host_forget_events(host);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 2), -EBUSY);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 4), -ENOENT);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 0), -ENOENT);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 3), 0);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 3), -ENOENT);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 1), 0);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 1), -ENOENT);
    check_epochs(session, 0, 2, NULL, 0);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_RETIRED, &us, 2), 2);
    CU_ASSERT_EQUAL(rs_host_event(host, RS_HOST_RETIRED, &us, 0)->workers_wiped, 2);
    rs_session_destroy(session);
}

static void without_keys_nothing_is_sealed_and_nothing_opened(void)
{
    struct edges edges = connect_default();
    struct rs_host_trip sealed, none;

    CU_ASSERT_EQUAL(seal(1, &sealed), RS_SEALED);
    CU_ASSERT_EQUAL(rs_session_retire_all_keys(edges.sealer), 0);
    CU_ASSERT_EQUAL(rs_session_retire_all_keys(edges.opener), 0);
    CU_ASSERT_EQUAL(seal(2, &none), RS_NO_KEY);
    CU_ASSERT_EQUAL(open_sealed(1, &sealed), RS_NO_KEY);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_RETIRED, &us, 1), 1);
    check_epochs(edges.sealer, 0, 0, NULL, 0);
    rs_host_stage(edges.sealer, 1, 2);
    CU_ASSERT_EQUAL(seal(2, &none), RS_NO_KEY);
    disconnect(&edges);
}

/* Two seeds whose keys have one tag: among 4,096 keys there are some 128 such pairs. */
static void find_collision(uint32_t *one, uint32_t *two)
{
    static uint32_t seeds[UINT16_MAX + 1];
    struct rs_cipher *cipher = rs_cipher_create(RS_ISA_AUTO);

    memset(seeds, 0, sizeof(seeds));
    *one = 0;
    for (uint32_t seed = 100; seed < 100 + COLLISION_TRIES && *one == 0; seed++) {
        uint8_t base_key[RS_HOST_KEY_BYTES], secret[RS_HASH_MAX_BYTES];
        uint32_t *taken;

        rs_host_base_key(seed, base_key);
        rs_cipher_extract(cipher, RS_HASH_SHA512, base_key, sizeof(base_key), secret);
        taken = &seeds[rs_key_tag(cipher, RS_HASH_SHA512, secret)];
        *one = *taken;
        *two = seed;
        *taken = seed;
    }
    rs_cipher_destroy(cipher);
    CU_ASSERT_NOT_EQUAL_FATAL(*one, 0);
}

static void two_keys_with_one_tag_are_both_tried(void)
{
    struct rs_host_trip first, again, second;
    struct edges edges;
    uint32_t one, two;

    find_collision(&one, &two);
    edges = connect_edges(one, "AES_256_CTR_HMAC_SHA512_80");
    CU_ASSERT_EQUAL(seal(1, &first), RS_SEALED);
    CU_ASSERT_EQUAL(seal(2, &again), RS_SEALED);
    rs_host_set_key(edges.sealer, two, 2);
    rs_host_set_key(edges.opener, two, 2);
    CU_ASSERT_EQUAL(seal(3, &second), RS_SEALED);
    CU_ASSERT_EQUAL(open_sealed(1, &first), RS_OPENED);
    CU_ASSERT_EQUAL(open_sealed(3, &second), RS_OPENED);
    CU_ASSERT_EQUAL(open_sealed(2, &again), RS_OPENED);
    CU_ASSERT_EQUAL(open_sealed(1, &first), RS_REPLAY);
    CU_ASSERT_EQUAL(rs_session_retire_key(edges.opener, 1), 0);
    CU_ASSERT_EQUAL(open_sealed(2, &again), RS_AUTH_FAILED);
    disconnect(&edges);
}

static void a_session_with_a_tagless_stream_refuses_a_tag_twice(void)
{
    struct edges edges;
    uint32_t one, two;

    find_collision(&one, &two);
    edges = connect_edges(one, "AES_256_CTR");
    check_refused(edges.opener, two, -EEXIST);
    rs_host_set_key(edges.opener, 3, 2);
    check_refused(edges.opener, two, -EEXIST);
    CU_ASSERT_EQUAL(rs_session_retire_key(edges.opener, 1), 0);
    rs_host_stage(edges.opener, two, 3);
    disconnect(&edges);
    edges = connect_edges(one, "AES_256_CTR");
    rs_stream_destroy(edges.subscribe);
    rs_host_stage(edges.opener, two, 2);
    rs_stream_destroy(edges.publish);
    rs_session_destroy(edges.sealer);
    rs_session_destroy(edges.opener);
}

static void a_base_key_has_32_to_64_bytes(void)
{
    static const uint8_t base_key[128] = {7};
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, &us);
    enum rs_staging staging;
    struct rs_key_info info;

    CU_ASSERT_EQUAL(rs_session_stage_key(session, base_key, 0, 1, &staging, &info), -EINVAL);
    CU_ASSERT_EQUAL(rs_session_stage_key(session, base_key, 31, 1, &staging, &info), -EINVAL);
    CU_ASSERT_EQUAL(rs_session_stage_key(session, base_key, 65, 1, &staging, &info), -EINVAL);
    CU_ASSERT_EQUAL(rs_session_stage_key(session, base_key, 128, 1, &staging, &info), -EINVAL);
    check_epochs(session, 0, 0, NULL, 0);
    CU_ASSERT_EQUAL(rs_session_stage_key(session, base_key, 32, 1, &staging, &info), 0);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 1), 0);
    CU_ASSERT_EQUAL(rs_session_stage_key(session, base_key, 64, 2, &staging, &info), 0);
    rs_session_destroy(session);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_key_is_staged_once_at_a_time", a_key_is_staged_once_at_a_time},
        {"a_full_ring_takes_no_new_key_but_lets_one_move",
         a_full_ring_takes_no_new_key_but_lets_one_move},
        {"the_active_key_staged_again_changes_nothing",
         the_active_key_staged_again_changes_nothing},
        {"a_previous_key_staged_again_keeps_its_windows",
         a_previous_key_staged_again_keeps_its_windows},
        {"a_packet_opens_under_staged_active_and_previous_keys_and_no_longer",
         a_packet_opens_under_staged_active_and_previous_keys_and_no_longer},
        {"what_is_active_or_unknown_is_not_retired", what_is_active_or_unknown_is_not_retired},
        {"without_keys_nothing_is_sealed_and_nothing_opened",
         without_keys_nothing_is_sealed_and_nothing_opened},
        {"two_keys_with_one_tag_are_both_tried", two_keys_with_one_tag_are_both_tried},
        {"a_session_with_a_tagless_stream_refuses_a_tag_twice",
         a_session_with_a_tagless_stream_refuses_a_tag_twice},
        {"a_base_key_has_32_to_64_bytes", a_base_key_has_32_to_64_bytes},
    };
    int rc;

    host = rs_host_start(NULL);
    rc = rs_test_main("keyring", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
