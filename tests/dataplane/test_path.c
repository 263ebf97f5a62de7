/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet's way through real workers: sealed on one link, opened on another. */
#include <string.h>
#include <unistd.h>

#include "dataplane/dataplane.h"
#include "tests/support/frame.h"
#include "tests/support/runner.h"
#include "tests/support/wire_port.h"

static struct rs_dataplane *dataplane;
static struct rs_wire_port *ports[4];

static void on_activated(void *owner, const struct rs_activation *activation)
{
    (void)owner;
    (void)activation;
}

static void on_retired(void *owner, uint32_t epoch, unsigned int workers)
{
    (void)owner;
    (void)epoch;
    (void)workers;
}

static void on_trouble(void *owner, const struct rs_trouble_report *report)
{
    (void)owner;
    (void)report;
}

static size_t wait_for_frame(struct rs_wire_port *port, uint8_t *frame, size_t max)
{
    for (int i = 0; i < 2000; i++) {
        size_t n = rs_wire_port_take(port, frame, max);

        rs_dataplane_poll(dataplane);
        if (n > 0)
            return n;
        usleep(1000);
    }
    return 0;
}

static struct rs_session *connected_session(void)
{
    static const uint8_t base_key[64] =
        "a base key of sixty-four bytes, for tests and nothing else ....";
    struct rs_session *session = rs_session_create(dataplane, RS_PROTECT_E2EE, (void *)1);
    enum rs_staging staging;
    struct rs_key_info info;
    uint32_t replaced;

    CU_ASSERT_EQUAL_FATAL(rs_session_stage_key(session, base_key, 64, 1, &staging, &info), 0);
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(session, &replaced), 0);
    return session;
}

static struct rs_stream *add_stream(struct rs_session *session, enum rs_direction direction,
                                    unsigned int link)
{
    struct rs_stream_config config = {
        .direction = direction,
        .link = link,
        .flow = {.family = 4, .dst = {198, 51, 100, 20}, .dst_port = 5004},
        .suite = rs_suite_default(),
        .replay_window = 1024,
        .owner = (void *)1,
    };
    struct rs_stream *stream = NULL;

    config.codecs[96] = rs_codec_find("VP8");
    CU_ASSERT_EQUAL_FATAL(rs_stream_create(session, &config, &stream), 0);
    return stream;
}

static void what_is_sealed_on_one_link_is_opened_on_another(void)
{
    struct rs_session *session = connected_session();
    struct rs_stream *publish = add_stream(session, RS_SEAL, 0);
    struct rs_stream *subscribe = add_stream(session, RS_OPEN, 1);
    uint8_t body[200] = {0x10, 0x00}, rtp[300], plain[400], sealed[400], opened[400];
    const struct rs_test_rtp header = {.payload_type = 96,
                                       .ssrc = 0x1234,
                                       .sequence = 7,
                                       .body = body,
                                       .body_bytes = sizeof(body)};
    const struct rs_test_frame frame = {
        .payload = rtp, .payload_bytes = rs_test_rtp_write(&header, rtp, sizeof(rtp))};
    const size_t bytes = rs_test_frame_write(&frame, plain, sizeof(plain));
    size_t sealed_bytes;

    rs_wire_port_inject(ports[0], 0, plain, bytes);
    sealed_bytes = wait_for_frame(ports[1], sealed, sizeof(sealed));
    CU_ASSERT_EQUAL(sealed_bytes, bytes + 28);
    CU_ASSERT(memcmp(sealed + 54, plain + 54, 3) == 0);
    CU_ASSERT(memcmp(sealed + 60, plain + 60, 100) != 0);
    rs_wire_port_inject(ports[3], 0, sealed, sealed_bytes);
    CU_ASSERT_EQUAL(wait_for_frame(ports[2], opened, sizeof(opened)), bytes);
    CU_ASSERT(memcmp(opened, plain, bytes) == 0);
    rs_stream_destroy(publish);
    rs_stream_destroy(subscribe);
    rs_session_destroy(session);
}

int main(void)
{
    static const unsigned int cpus[] = {0, 1};
    static const struct rs_test tests[] = {
        {"what_is_sealed_on_one_link_is_opened_on_another",
         what_is_sealed_on_one_link_is_opened_on_another},
    };
    const struct rs_range media = {.port_first = 5000, .port_last = 6000};
    const struct rs_link_config links[] = {
        {"a", {.vdev = RS_WIRE_VDEV(0)}, {.vdev = RS_WIRE_VDEV(1)}, &media, 1},
        {"b", {.vdev = RS_WIRE_VDEV(2)}, {.vdev = RS_WIRE_VDEV(3)}, &media, 1},
    };
    const struct rs_dataplane_config config = {
        .cpus = cpus,
        .cpu_count = 2,
        .memory_mb = 512,
        .hugepages = RS_HUGEPAGES_OFF,
        .links = links,
        .link_count = 2,
        .max_sessions = 64,
        .max_streams = 1024,
        .max_senders = 1024,
        .lock_policy = RS_LOCK_TRIED,
    };
    const struct rs_observer observer = {on_activated, on_retired, on_trouble};
    int rc;

    dataplane = rs_dataplane_create(&config, &observer);
    if (dataplane == NULL)
        return 2;
    for (unsigned int i = 0; i < 4; i++)
        ports[i] = rs_wire_port_attach(i);
    rc = rs_test_main("path", tests, sizeof(tests) / sizeof(tests[0]));
    rs_dataplane_destroy(dataplane);
    return rc;
}
