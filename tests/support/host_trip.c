/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One frame on its way through a host, alone, and the counters before and after it. Bursts are for
 * the tests that want them.
 */
#include "tests/support/host.h"

#include <CUnit/CUnit.h>

/* Counters of every path, and of a stream, to be compared later. */
struct snapshot {
    struct rs_counters paths[RS_HOST_LINKS][RS_DIRECTIONS];
    struct rs_counters stream;
};

static void take_snapshot(const struct rs_host *host, const struct rs_stream *stream,
                          struct snapshot *out)
{
    for (unsigned int l = 0; l < RS_HOST_LINKS; l++) {
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++)
            rs_dataplane_get_counters(host->dataplane, RS_ALL, (int)l, (enum rs_direction)d,
                                      &out->paths[l][d]);
    }
    if (stream != NULL)
        rs_stream_get_counters(stream, &out->stream);
}

/* The one outcome that was counted between two readings; asserts that it is one. */
static enum rs_outcome only_outcome(const struct rs_counters *before,
                                    const struct rs_counters *after)
{
    enum rs_outcome outcome = RS_OUTCOMES;

    CU_ASSERT_EQUAL(after->packets_in, before->packets_in + 1);
    for (unsigned int o = 0; o < RS_OUTCOMES; o++) {
        if (after->outcomes[o] == before->outcomes[o])
            continue;
        CU_ASSERT_EQUAL(outcome, RS_OUTCOMES);
        CU_ASSERT_EQUAL(after->outcomes[o], before->outcomes[o] + 1);
        outcome = (enum rs_outcome)o;
    }
    return outcome;
}

static void check_bytes(const struct rs_host_trip *trip, const struct rs_counters *before,
                        const struct rs_counters *after)
{
    CU_ASSERT_EQUAL(after->bytes_in - before->bytes_in, trip->bytes);
    CU_ASSERT_EQUAL(after->bytes_out - before->bytes_out, trip->out_bytes);
    CU_ASSERT_EQUAL(after->packets_out - before->packets_out, trip->out_bytes > 0);
}

static void send_trip(struct rs_host *host, const struct rs_host_trip *trip)
{
    struct rs_wire_port *port = host->ports[trip->link][trip->direction];
    int rc;

    if (trip->segment_bytes > 0)
        rc = rs_wire_port_inject_segmented(port, trip->queue, trip->frame, trip->bytes,
                                           trip->segment_bytes);
    else if (trip->tight)
        rc = rs_wire_port_inject_tight(port, trip->queue, trip->frame, trip->bytes, trip->tailroom);
    else
        rc = rs_wire_port_inject(port, trip->queue, trip->frame, trip->bytes);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    rs_host_injected(host, trip->link, trip->direction, 1);
}

enum rs_outcome rs_host_run(struct rs_host *host, struct rs_host_trip *trip)
{
    struct snapshot before, after;
    enum rs_outcome outcome = RS_OUTCOMES;

    take_snapshot(host, trip->stream, &before);
    send_trip(host, trip);
    rs_host_settle(host);
    take_snapshot(host, trip->stream, &after);
    trip->out_bytes = rs_host_take(host, trip->link, trip->direction, trip->out, sizeof(trip->out));
    for (unsigned int l = 0; l < RS_HOST_LINKS; l++) {
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
            if (l != trip->link || d != trip->direction)
                CU_ASSERT_EQUAL(after.paths[l][d].packets_in, before.paths[l][d].packets_in);
            CU_ASSERT_EQUAL(rs_host_discard(host, l, (enum rs_direction)d), 0);
        }
    }
    outcome = only_outcome(&before.paths[trip->link][trip->direction],
                           &after.paths[trip->link][trip->direction]);
    check_bytes(trip, &before.paths[trip->link][trip->direction],
                &after.paths[trip->link][trip->direction]);
    if (trip->stream != NULL) {
        CU_ASSERT_EQUAL(only_outcome(&before.stream, &after.stream), outcome);
        check_bytes(trip, &before.stream, &after.stream);
    }
    CU_ASSERT_EQUAL(trip->out_bytes > 0, !rs_outcome_is_drop(outcome));
    rs_host_check_sums(host);
    return outcome;
}
