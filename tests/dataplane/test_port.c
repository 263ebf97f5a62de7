/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual ports opened, started and closed; what is said of ports that cannot be. Interfaces are a
 * veth pair in a network namespace of the test's own.
 */
#include "dataplane/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <rte_ethdev.h>

#include "tests/support/frame.h"
#include "tests/support/mbuf.h"
#include "tests/support/namespace.h"
#include "tests/support/runner.h"

static struct rte_mempool *pool;
static bool has_namespace;

/* Runs `open` with standard error in a file, and returns whether what it logged holds `text`. */
static bool says(const char *text, int expected, const char *pci, const char *vdev)
{
    struct rs_port port = {.id = 0};
    char said[4096] = "";
    FILE *file = tmpfile();
    const int saved = dup(STDERR_FILENO);
    int rc;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    rc = rs_port_open(&port, "edge0 plain", pci, vdev);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
    fclose(file);
    CU_ASSERT_EQUAL(port.name[0], '\0');
    if (rc == expected && strstr(said, text) != NULL)
        return true;
    printf("expected %d and \"%s\", got %d and \"%s\"\n", expected, text, rc, said);
    return false;
}

static void open_and_start(struct rs_port *port, const char *vdev)
{
    CU_ASSERT_EQUAL_FATAL(rs_port_open(port, "edge0 plain", NULL, vdev), 0);
    CU_ASSERT_EQUAL_FATAL(rs_port_start(port, 1, 1, pool), 0);
}

static void a_ring_opens_carries_a_frame_and_closes(void)
{
    const struct rs_test_frame frame = {.family = 4};
    uint8_t bytes[128];
    const size_t count = rs_test_frame_write(&frame, bytes, sizeof(bytes));
    struct rte_mbuf *mbuf;
    struct rte_mbuf *back = NULL;
    struct rs_port port;

    open_and_start(&port, "net_ring0");
    CU_ASSERT_STRING_EQUAL(port.name, "edge0 plain (net_ring0)");
    CU_ASSERT_EQUAL(port.mtu, 1500);
    CU_ASSERT_EQUAL(port.rx_queues, 1);
    CU_ASSERT_EQUAL(port.tx_queues, 1);
    mbuf = rs_test_mbuf(pool, bytes, count);
    CU_ASSERT_EQUAL(rte_eth_tx_burst(port.id, 0, &mbuf, 1), 1);
    CU_ASSERT_EQUAL_FATAL(rte_eth_rx_burst(port.id, 0, &back, 1), 1);
    CU_ASSERT_EQUAL(back->pkt_len, count);
    rte_pktmbuf_free(back);
    rs_port_close(&port);
    rs_port_close(&port);
}

static void a_closed_device_can_be_opened_again(void)
{
    for (int i = 0; i < 3; i++) {
        struct rs_port port;

        open_and_start(&port, "net_null0,size=200");
        rs_port_close(&port);
    }
}

static void a_port_that_never_started_closes(void)
{
    struct rs_port port;

    CU_ASSERT_EQUAL_FATAL(rs_port_open(&port, "edge0 plain", NULL, "net_null0"), 0);
    rs_port_close(&port);
    CU_ASSERT_EQUAL_FATAL(rs_port_open(&port, "edge0 plain", NULL, "net_null0"), 0);
    rs_port_close(&port);
}

static void virtual_ports_leave_checksums_to_us(void)
{
    struct rs_port port;

    open_and_start(&port, "net_null0");
    CU_ASSERT_EQUAL(port.tx_offload &
                        (RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
                         RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE),
                    0);
    rs_port_close(&port);
}

static void several_queues_start_and_too_many_are_refused(void)
{
    struct rs_port port;
    uint16_t rx_max, tx_max;

    CU_ASSERT_EQUAL_FATAL(rs_port_open(&port, "edge0 plain", NULL, "net_null0"), 0);
    rs_port_queue_limits(&port, &rx_max, &tx_max);
    CU_ASSERT_TRUE(rx_max >= 2 && tx_max >= 2);
    CU_ASSERT_EQUAL(rs_port_start(&port, 2, 2, pool), 0);
    CU_ASSERT_EQUAL(port.rx_queues, 2);
    rs_port_close(&port);

    CU_ASSERT_EQUAL_FATAL(rs_port_open(&port, "edge0 plain", NULL, "net_ring1"), 0);
    rs_port_queue_limits(&port, &rx_max, &tx_max);
    CU_ASSERT_EQUAL(rs_port_start(&port, (uint16_t)(rx_max + 1), 1, pool), -EINVAL);
    rs_port_close(&port);
}

/* One Ethernet frame behind the header of a capture file, in this machine's byte order. */
static void write_capture(const char *path, const uint8_t *frame, uint32_t bytes)
{
    const uint32_t header[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
    const uint32_t record[] = {0, 0, bytes, bytes};
    FILE *file = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fwrite(header, sizeof(header), 1, file);
    fwrite(record, sizeof(record), 1, file);
    fwrite(frame, bytes, 1, file);
    fclose(file);
}

static void a_capture_is_read_and_another_written(void)
{
    const struct rs_test_frame frame = {.family = 6};
    char directory[] = "/tmp/rtpseal-port-XXXXXX";
    char in[64], out[64], vdev[256];
    uint8_t bytes[128];
    const size_t count = rs_test_frame_write(&frame, bytes, sizeof(bytes));
    struct rte_mbuf *mbuf = NULL;
    struct rs_port port;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    snprintf(in, sizeof(in), "%s/in.pcap", directory);
    snprintf(out, sizeof(out), "%s/out.pcap", directory);
    write_capture(in, bytes, (uint32_t)count);
    snprintf(vdev, sizeof(vdev), "net_pcap0,rx_pcap=%s,tx_pcap=%s", in, out);
    open_and_start(&port, vdev);
    CU_ASSERT_EQUAL_FATAL(rte_eth_rx_burst(port.id, 0, &mbuf, 1), 1);
    CU_ASSERT_EQUAL(mbuf->pkt_len, count);
    CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(mbuf, uint8_t *), bytes, count), 0);
    CU_ASSERT_EQUAL(rte_eth_tx_burst(port.id, 0, &mbuf, 1), 1);
    rs_port_close(&port);
    CU_ASSERT_EQUAL(access(out, R_OK), 0);
    unlink(in);
    unlink(out);
    rmdir(directory);
}

static void a_device_given_twice_is_refused_and_the_first_goes_on(void)
{
    struct rs_port port;
    struct rte_mbuf *mbuf = NULL;

    open_and_start(&port, "net_null0,size=200");
    CU_ASSERT_TRUE(says("edge0 plain (net_null0): the device is in use already, as edge0 plain "
                        "(net_null0,size=200)",
                        -EBUSY, NULL, "net_null0"));
    CU_ASSERT_EQUAL(rte_eth_rx_burst(port.id, 0, &mbuf, 1), 1);
    rte_pktmbuf_free(mbuf);
    rs_port_close(&port);
}

static void what_cannot_be_opened_says_why(void)
{
    CU_ASSERT_TRUE(says("edge0 plain (net_af_packet0,iface=veth9): no such interface", -ENODEV,
                        NULL, "net_af_packet0,iface=veth9"));
    CU_ASSERT_TRUE(says("are its arguments right?", -ENODEV, NULL, "net_null0,nonsense=1"));
    CU_ASSERT_TRUE(says("iface= is missing", -ENODEV, NULL, "net_af_packet0"));
    CU_ASSERT_TRUE(says("rx_pcap= cannot be read: No such file", -ENODEV, NULL,
                        "net_pcap0,rx_pcap=/nonexistent/in.pcap"));
    CU_ASSERT_TRUE(says("no driver goes by that name", -ENODEV, NULL, "net_nothing0"));
    CU_ASSERT_TRUE(
        says("edge0 plain (0000:ff:1f.7): no such PCI device", -ENODEV, "0000:ff:1f.7", NULL));
}

static bool make_veth(void)
{
    if (has_namespace &&
        rs_test_run("ip link add rs0 type veth peer name rs1 && ip link set rs0 mtu 1400 && "
                    "ip link set rs1 mtu 9000 && ip link set rs0 up && "
                    "ip link set rs1 up") == 0)
        return true;
    rs_test_skip("no network namespace of our own (root or user namespaces are needed)");
    return false;
}

static void check_carries(const struct rs_port *from, const struct rs_port *to)
{
    const struct rs_test_frame frame = {.family = 4, .src_port = 4321};
    uint8_t bytes[128];
    const size_t count = rs_test_frame_write(&frame, bytes, sizeof(bytes));
    struct rte_mbuf *mbuf = rs_test_mbuf(pool, bytes, count);
    bool found = false;

    CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(from->id, 0, &mbuf, 1), 1);
    /* The kernel's own neighbour discovery comes this way too. */
    for (int tries = 0; tries < 1000 && !found; tries++) {
        if (rte_eth_rx_burst(to->id, 0, &mbuf, 1) == 0) {
            usleep(1000);
            continue;
        }
        found =
            mbuf->pkt_len == count && memcmp(rte_pktmbuf_mtod(mbuf, uint8_t *), bytes, count) == 0;
        rte_pktmbuf_free(mbuf);
    }
    CU_ASSERT_TRUE(found);
}

static void interfaces_open_with_the_mtu_they_have(void)
{
    struct rs_port plain, sealed;

    if (!make_veth())
        return;
    open_and_start(&plain, "net_af_packet0,iface=rs0");
    CU_ASSERT_EQUAL(plain.mtu, 1400);
    CU_ASSERT_TRUE(
        says("its interface is in use already, as edge0 plain (net_af_packet0,iface=rs0)", -EBUSY,
             NULL, "net_af_packet2,iface=rs0"));
    /* Frames of 2048 bytes hold less than 9000. */
    open_and_start(&sealed, "net_af_packet1,iface=rs1");
    CU_ASSERT_TRUE(sealed.mtu > 1900 && sealed.mtu < 2048);
    check_carries(&plain, &sealed);
    check_carries(&sealed, &plain);
    rs_port_close(&sealed);
    rs_port_close(&plain);
    rs_test_run("ip link del rs0");
}

/* The largest packet the port promises gets through whole, both ways. */
static void a_packet_of_the_mtu_gets_through(void)
{
    static uint8_t payload[2048], bytes[2200];
    struct rs_test_frame frame = {.family = 4, .payload = payload};
    struct rs_port plain, sealed;
    struct rte_mbuf *mbuf;
    size_t count;
    bool found = false;

    if (!make_veth())
        return;
    CU_ASSERT_EQUAL_FATAL(rs_test_run("ip link set rs0 mtu 9000"), 0);
    open_and_start(&plain, "net_af_packet0,iface=rs0");
    open_and_start(&sealed, "net_af_packet1,iface=rs1");
    frame.payload_bytes = plain.mtu - 28U;
    count = rs_test_frame_write(&frame, bytes, sizeof(bytes));
    mbuf = rs_test_mbuf(pool, bytes, count);
    CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(plain.id, 0, &mbuf, 1), 1);
    for (int tries = 0; tries < 1000 && !found; tries++) {
        if (rte_eth_rx_burst(sealed.id, 0, &mbuf, 1) == 0) {
            usleep(1000);
            continue;
        }
        found = mbuf->pkt_len == count;
        rte_pktmbuf_free(mbuf);
    }
    CU_ASSERT_TRUE(found);
    rs_port_close(&sealed);
    rs_port_close(&plain);
    rs_test_run("ip link del rs0");
}

static void an_mtu_can_be_configured_that_the_interface_underneath_takes(void)
{
    struct rs_port port;

    if (!make_veth())
        return;
    CU_ASSERT_EQUAL_FATAL(rs_port_open(&port, "edge0 plain", NULL, "net_af_packet0,iface=rs0"), 0);
    CU_ASSERT_EQUAL(rs_port_set_mtu(&port, 1401), -EINVAL);
    CU_ASSERT_EQUAL(port.mtu, 1400);
    CU_ASSERT_EQUAL(rs_port_set_mtu(&port, 1300), 0);
    CU_ASSERT_EQUAL(port.mtu, 1300);
    rs_port_close(&port);
    rs_test_run("ip link del rs0");
}

static void a_virtual_device_of_its_own_takes_any_mtu(void)
{
    struct rs_port port;

    CU_ASSERT_EQUAL_FATAL(rs_port_open(&port, "edge0 plain", NULL, "net_null0"), 0);
    CU_ASSERT_EQUAL(rs_port_set_mtu(&port, 9000), 0);
    CU_ASSERT_EQUAL(port.mtu, 9000);
    CU_ASSERT_EQUAL(rs_port_start(&port, 1, 1, pool), 0);
    rs_port_close(&port);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_ring_opens_carries_a_frame_and_closes", a_ring_opens_carries_a_frame_and_closes},
        {"a_closed_device_can_be_opened_again", a_closed_device_can_be_opened_again},
        {"a_port_that_never_started_closes", a_port_that_never_started_closes},
        {"virtual_ports_leave_checksums_to_us", virtual_ports_leave_checksums_to_us},
        {"several_queues_start_and_too_many_are_refused",
         several_queues_start_and_too_many_are_refused},
        {"a_capture_is_read_and_another_written", a_capture_is_read_and_another_written},
        {"a_device_given_twice_is_refused_and_the_first_goes_on",
         a_device_given_twice_is_refused_and_the_first_goes_on},
        {"what_cannot_be_opened_says_why", what_cannot_be_opened_says_why},
        {"interfaces_open_with_the_mtu_they_have", interfaces_open_with_the_mtu_they_have},
        {"a_packet_of_the_mtu_gets_through", a_packet_of_the_mtu_gets_through},
        {"an_mtu_can_be_configured_that_the_interface_underneath_takes",
         an_mtu_can_be_configured_that_the_interface_underneath_takes},
        {"a_virtual_device_of_its_own_takes_any_mtu", a_virtual_device_of_its_own_takes_any_mtu},
    };

    has_namespace = rs_test_enter_namespace();
    rs_test_eal();
    pool = rs_test_pool("port", 1023, 2048);
    return rs_test_main("port", tests, sizeof(tests) / sizeof(tests[0]));
}
