/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet's way through real workers: sealed on one link, opened on another. */
#include <string.h>

#include "tests/support/frame.h"
#include "tests/support/host.h"
#include "tests/support/runner.h"

static struct rs_host *host;

static void what_is_sealed_on_one_link_is_opened_on_another(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    const struct rs_stream_config to_seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config to_open = rs_host_stream_config(RS_OPEN, 1);
    struct rs_stream *publish = rs_host_stream(session, &to_seal);
    struct rs_stream *subscribe = rs_host_stream(session, &to_open);
    uint8_t body[200] = {0x10, 0x00}, rtp[300], plain[400];
    const struct rs_test_rtp header = {.payload_type = 96,
                                       .ssrc = 0x1234,
                                       .sequence = 7,
                                       .body = body,
                                       .body_bytes = sizeof(body)};
    const struct rs_test_frame frame = {
        .payload = rtp, .payload_bytes = rs_test_rtp_write(&header, rtp, sizeof(rtp))};
    const size_t bytes = rs_test_frame_write(&frame, plain, sizeof(plain));
    struct rs_host_trip there = {
        .link = 0, .direction = RS_SEAL, .stream = publish, .frame = plain, .bytes = bytes};
    struct rs_host_trip back = {.link = 1, .direction = RS_OPEN, .stream = subscribe};

    CU_ASSERT_EQUAL(rs_host_run(host, &there), RS_SEALED);
    CU_ASSERT_EQUAL(there.out_bytes, bytes + 28);
    CU_ASSERT(memcmp(there.out + 54, plain + 54, 3) == 0);
    CU_ASSERT(memcmp(there.out + 60, plain + 60, 100) != 0);
    back.frame = there.out;
    back.bytes = there.out_bytes;
    CU_ASSERT_EQUAL(rs_host_run(host, &back), RS_OPENED);
    CU_ASSERT_EQUAL(back.out_bytes, bytes);
    CU_ASSERT(memcmp(back.out, plain, bytes) == 0);
    rs_stream_destroy(publish);
    rs_stream_destroy(subscribe);
    rs_session_destroy(session);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"what_is_sealed_on_one_link_is_opened_on_another",
         what_is_sealed_on_one_link_is_opened_on_another},
    };
    int rc;

    host = rs_host_start(NULL);
    rc = rs_test_main("path", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
