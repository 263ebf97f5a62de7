/* SPDX-License-Identifier: BSD-3-Clause */
/* What a link does with frames of all kinds, inside and outside its media ranges: pass byte for
 * byte, or drop under one name. */
#include <stdio.h>
#include <string.h>

#include "path_frame_rows.h"
#include "tests/support/hex.h"
#include "tests/support/host.h"
#include "tests/support/runner.h"

enum { COUNT_PAYLOADS = sizeof(payload_rows) / sizeof(payload_rows[0]) };

static struct rs_host *host;

static void run(const char *name, enum rs_direction direction, const uint8_t *frame, size_t bytes,
                enum rs_outcome expected)
{
    struct rs_host_trip trip = {.direction = direction, .frame = frame, .bytes = bytes};
    const enum rs_outcome outcome = rs_host_run(host, &trip);

    if (outcome != expected)
        printf("%s, %s: %s, not %s\n", name, direction == RS_SEAL ? "sealing" : "opening",
               rs_outcome_name(outcome), rs_outcome_name(expected));
    CU_ASSERT_EQUAL(outcome, expected);
    if (!rs_outcome_is_drop(expected)) {
        CU_ASSERT_EQUAL(trip.out_bytes, bytes);
        CU_ASSERT(memcmp(trip.out, frame, bytes) == 0);
    }
}

static void run_both(const char *name, const uint8_t *frame, size_t bytes, enum rs_outcome expected)
{
    run(name, RS_SEAL, frame, bytes, expected);
    run(name, RS_OPEN, frame, bytes, expected);
}

static void run_payloads(unsigned int family, uint16_t dst_port, const enum rs_outcome *all)
{
    for (size_t i = 0; i < COUNT_PAYLOADS; i++) {
        const struct payload_row *row = &payload_rows[i];
        uint8_t payload[256], frame[512];
        const struct rs_test_frame fields = {.family = family,
                                             .dst_port = dst_port,
                                             .payload = payload,
                                             .payload_bytes =
                                                 rs_hex_decode(row->hex, payload, sizeof(payload))};
        const size_t bytes = rs_test_frame_write(&fields, frame, sizeof(frame));

        CU_ASSERT_FATAL(bytes > 0);
        run_both(row->name, frame, bytes, all != NULL ? *all : row->outcome);
    }
}

static void inside_a_range_only_what_is_known_to_be_harmless_passes(void)
{
    run_payloads(4, 5004, NULL);
    run_payloads(6, 5004, NULL);
}

static void outside_all_ranges_udp_passes_whatever_it_carries(void)
{
    const enum rs_outcome bridged = RS_BRIDGED;

    run_payloads(4, 7000, &bridged);
    run_payloads(6, 7000, &bridged);
}

static size_t write_row(const struct frame_row *row, uint8_t *frame, size_t max)
{
    struct rs_test_frame fields = row->frame;
    uint8_t payload[256];
    size_t bytes;

    fields.payload = payload;
    fields.payload_bytes =
        rs_hex_decode(row->payload != NULL ? row->payload : RTP BLOCK24, payload, sizeof(payload));
    bytes = rs_test_frame_write(&fields, frame, max);
    for (size_t i = 0; i < 2; i++) {
        if (row->patches[i].hex != NULL)
            rs_hex_decode(row->patches[i].hex, frame + row->patches[i].at,
                          bytes - row->patches[i].at);
    }
    return row->cut_to != 0 ? row->cut_to : bytes;
}

static void each_frame_passes_or_is_dropped_by_name(void)
{
    for (size_t i = 0; i < sizeof(frame_rows) / sizeof(frame_rows[0]); i++) {
        const struct frame_row *row = &frame_rows[i];
        uint8_t frame[512];
        const size_t bytes = write_row(row, frame, sizeof(frame));

        CU_ASSERT_FATAL(bytes > 0);
        run(row->name, RS_SEAL, frame, bytes, row->sealing);
        run(row->name, RS_OPEN, frame, bytes, row->opening);
    }
}

static void frames_of_all_kinds_in_one_burst_leave_in_order_and_are_counted_once(void)
{
    uint8_t frames[COUNT_PAYLOADS][512], out[RS_HOST_FRAME_BYTES];
    size_t bytes[COUNT_PAYLOADS];

    rs_wire_port_stall(host->ports[1][RS_SEAL], 0, 20);
    for (size_t i = 0; i < COUNT_PAYLOADS; i++) {
        uint8_t payload[256];
        const struct rs_test_frame fields = {
            .payload = payload,
            .payload_bytes = rs_hex_decode(payload_rows[i].hex, payload, sizeof(payload))};

        bytes[i] = rs_test_frame_write(&fields, frames[i], sizeof(frames[i]));
        rs_host_inject(host, 1, RS_SEAL, 0, frames[i], bytes[i]);
    }
    rs_host_settle(host);
    for (size_t i = 0; i < COUNT_PAYLOADS; i++) {
        if (rs_outcome_is_drop(payload_rows[i].outcome))
            continue;
        CU_ASSERT_EQUAL(rs_host_take(host, 1, RS_SEAL, out, sizeof(out)), bytes[i]);
        CU_ASSERT(memcmp(out, frames[i], bytes[i]) == 0);
    }
    CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_SEAL), 0);
    for (unsigned int o = 0; o < RS_OUTCOMES; o++) {
        uint64_t expected = 0;

        for (size_t i = 0; i < COUNT_PAYLOADS; i++)
            expected += payload_rows[i].outcome == o;
        CU_ASSERT_EQUAL(rs_host_path_count(host, 1, RS_SEAL, (enum rs_outcome)o), expected);
    }
    rs_host_check_sums(host);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"frames_of_all_kinds_in_one_burst_leave_in_order_and_are_counted_once",
         frames_of_all_kinds_in_one_burst_leave_in_order_and_are_counted_once},
        {"inside_a_range_only_what_is_known_to_be_harmless_passes",
         inside_a_range_only_what_is_known_to_be_harmless_passes},
        {"outside_all_ranges_udp_passes_whatever_it_carries",
         outside_all_ranges_udp_passes_whatever_it_carries},
        {"each_frame_passes_or_is_dropped_by_name", each_frame_passes_or_is_dropped_by_name},
    };
    const struct rs_range media[] = {
        {.family = 4,
         .prefix_bits = 24,
         .address = {198, 51, 100},
         .port_first = 5000,
         .port_last = 6000},
        {.family = 6,
         .prefix_bits = 48,
         .address = {0x20, 0x01, 0x0d, 0xb8, 0, 1},
         .port_first = 5000,
         .port_last = 6000},
    };
    const struct rs_host_config config = {
        .worker_count = 1, .media = media, .media_count = sizeof(media) / sizeof(media[0])};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_frames", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
