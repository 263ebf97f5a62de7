/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a port is told as gone down or come up: of the watch alone, and of a dataplane on interfaces
 * that are taken down under it, in a network namespace of the test's own.
 */
#include "dataplane/port_watch.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/support/namespace.h"
#include "tests/support/runner.h"

enum { TOLD_MAX = 32, LINK = 3, PATIENCE_MS = 20000, QUIET_MS = 700 };

static struct rs_port_report told[TOLD_MAX];
static size_t told_count;
static char someone;
static bool has_namespace;

static void on_port(void *owner, const struct rs_port_report *report)
{
    CU_ASSERT_PTR_EQUAL(owner, &someone);
    CU_ASSERT_FATAL(told_count < TOLD_MAX);
    told[told_count++] = *report;
}

static const struct rs_observer observer = {.port_changed = on_port};

static void look(struct rs_port_watch *watch, enum rs_direction side, bool up)
{
    const struct rs_port_report port = {.link = LINK, .side = side, .up = up};

    rs_port_watch_look(watch, &port, &observer, &someone);
}

static void a_port_is_told_when_it_changes_and_at_first_where_it_is_down(void)
{
    struct rs_port_watch watch = {.look_at_tsc = 0};

    told_count = 0;
    for (unsigned int i = 0; i < 3; i++) {
        look(&watch, RS_SEAL, true);
        look(&watch, RS_OPEN, false);
    }
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT(told[0].link == LINK && told[0].side == RS_OPEN && !told[0].up);
    look(&watch, RS_OPEN, true);
    look(&watch, RS_SEAL, false);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT(told[1].side == RS_OPEN && told[1].up);
    CU_ASSERT(told[2].side == RS_SEAL && !told[2].up);
}

static void ports_are_looked_at_four_times_a_second(void)
{
    struct rs_port_watch watch = {.look_at_tsc = 0};
    unsigned int looks = 0;

    for (uint64_t ms = 1; ms <= 10000; ms++)
        looks += rs_port_watch_due(&watch, 1000, ms);
    CU_ASSERT_EQUAL(looks, 40);
}

/* ---- on interfaces ------------------------------------------------------------------------ */

static struct rs_dataplane *dataplane;

static void poll_ms(unsigned int ms)
{
    for (unsigned int i = 0; i < ms; i++) {
        rs_dataplane_poll(dataplane);
        usleep(1000);
    }
}

/* The nth report, waited for: whether it is of that port, and of nothing else. */
static bool next_is(size_t nth, unsigned int link, enum rs_direction side, bool up)
{
    struct rs_port_info info;

    for (unsigned int ms = 0; ms < PATIENCE_MS && told_count <= nth; ms++)
        poll_ms(1);
    rs_dataplane_get_port(dataplane, link, side, &info);
    return told_count == nth + 1 && told[nth].link == link && told[nth].side == side &&
           told[nth].up == up && info.up == up;
}

static bool make_interfaces(void)
{
    static const char command[] =
        "for n in 0 2; do ip link add rs$n type veth peer name rs$((n + 1)) && "
        "ip link set rs$n up && ip link set rs$((n + 1)) up || exit 1; done";

    return has_namespace && access("/dev/net/tun", R_OK | W_OK) == 0 && rs_test_run(command) == 0;
}

static bool start_dataplane(void)
{
    static const unsigned int cpu = 0;
    static const struct rs_range media = {.port_first = 5000, .port_last = 6000};
    static const struct rs_link_config links[] = {
        {.name = "a",
         .plain = {.vdev = "net_af_packet0,iface=rs0"},
         .sealed = {.vdev = "net_pcap0,iface=rs2"},
         .media = &media,
         .media_count = 1},
        {.name = "b",
         .plain = {.vdev = "net_tap0,iface=rs4"},
         .sealed = {.vdev = "net_null0,no-rx=1"},
         .media = &media,
         .media_count = 1},
    };
    static const struct rs_dataplane_config config = {
        .cpus = &cpu,
        .cpu_count = 1,
        .memory_mb = 128,
        .hugepages = RS_HUGEPAGES_OFF,
        .links = links,
        .link_count = 2,
        .max_sessions = 16,
        .max_streams = 16,
        .max_senders = 16,
        .lock_policy = RS_LOCK_TRIED,
    };

    dataplane = rs_dataplane_create(&config, &observer);
    return dataplane != NULL;
}

static void interfaces_taken_down_are_told_whatever_driver_is_on_top(void)
{
    if (!make_interfaces()) {
        rs_test_skip("no network namespace of our own, or no /dev/net/tun");
        return;
    }
    CU_ASSERT_FATAL(start_dataplane());
    told_count = 0;
    rs_test_run("ip link set rs2 down");
    poll_ms(QUIET_MS);
    CU_ASSERT_EQUAL(told_count, 0);
    rs_dataplane_set_owner(dataplane, &someone);
    CU_ASSERT_TRUE(next_is(0, 0, RS_OPEN, false)); /* down at that time already */
    rs_test_run("ip link set rs2 up");
    CU_ASSERT_TRUE(next_is(1, 0, RS_OPEN, true));
    rs_test_run("ip link set rs0 down");
    CU_ASSERT_TRUE(next_is(2, 0, RS_SEAL, false));
    rs_test_run("ip link set rs0 up");
    CU_ASSERT_TRUE(next_is(3, 0, RS_SEAL, true));
    rs_test_run("ip link set rs1 down"); /* the other end: the cable */
    CU_ASSERT_TRUE(next_is(4, 0, RS_SEAL, false));
    rs_test_run("ip link set rs1 up");
    CU_ASSERT_TRUE(next_is(5, 0, RS_SEAL, true));
    rs_test_run("ip link set rs4 down");
    CU_ASSERT_TRUE(next_is(6, 1, RS_SEAL, false));
    rs_test_run("ip link set rs4 up");
    CU_ASSERT_TRUE(next_is(7, 1, RS_SEAL, true));
    rs_test_run("ip link del rs0");
    CU_ASSERT_TRUE(next_is(8, 0, RS_SEAL, false));
    poll_ms(QUIET_MS);
    CU_ASSERT_EQUAL(told_count, 9);
    rs_dataplane_destroy(dataplane);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_port_is_told_when_it_changes_and_at_first_where_it_is_down",
         a_port_is_told_when_it_changes_and_at_first_where_it_is_down},
        {"ports_are_looked_at_four_times_a_second", ports_are_looked_at_four_times_a_second},
        {"interfaces_taken_down_are_told_whatever_driver_is_on_top",
         interfaces_taken_down_are_told_whatever_driver_is_on_top},
    };

    has_namespace = rs_test_enter_namespace();
    return rs_test_main("port_watch", tests, sizeof(tests) / sizeof(tests[0]));
}
