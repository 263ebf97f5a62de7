/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams made longer and shorter in real mbufs. What a frame should then look like comes from
 * tests/support/frame.c, which writes it from nothing, with sums of its own.
 */
#include "dataplane/packet.h"

#include <string.h>

#include <rte_ethdev.h>

#include "tests/support/frame.h"
#include "tests/support/mbuf.h"
#include "tests/support/runner.h"

enum { ROOM_BYTES = 512, FRAME_MAX = 512, PAYLOAD_MAX = 256 };

static struct rte_mempool *pool;
static uint8_t body[PAYLOAD_MAX];
static const uint16_t one_vlan[] = {0x6064};
static const uint16_t two_vlans[] = {7, 8};
static const uint8_t ipv4_options[] = {0x94, 4, 0, 0, 1, 1, 1, 0};
static const uint8_t ipv6_options[] = {17, 0, 1, 4, 0, 0, 0, 0};

struct shape {
    const char *name;
    struct rs_test_frame frame;
};

static const struct shape shapes[] = {
    {"IPv4", {.family = 4}},
    {"IPv4 with a tag", {.family = 4, .vlans = one_vlan, .vlan_count = 1}},
    {"IPv4 with two tags", {.family = 4, .vlans = two_vlans, .vlan_count = 2}},
    {"IPv4 with options", {.family = 4, .options = ipv4_options, .option_bytes = 8}},
    {"IPv4 without checksum", {.family = 4, .without_checksum = true}},
    {"IPv4 with padding", {.family = 4, .padding_bytes = 18}},
    {"IPv6", {.family = 6}},
    {"IPv6 with a tag and padding",
     {.family = 6, .vlans = one_vlan, .vlan_count = 1, .padding_bytes = 3}},
    {"IPv6 with hop-by-hop", {.family = 6, .options = ipv6_options, .option_bytes = 8}},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static struct rte_mbuf *make(const struct rs_test_frame *shape, size_t payload_bytes,
                             struct rs_datagram *datagram)
{
    struct rs_test_frame frame = *shape;
    uint8_t bytes[FRAME_MAX];
    struct rte_mbuf *mbuf;
    size_t count;

    frame.payload = body;
    frame.payload_bytes = payload_bytes;
    count = rs_test_frame_write(&frame, bytes, sizeof(bytes));
    CU_ASSERT_NOT_EQUAL_FATAL(count, 0);
    mbuf = rs_test_mbuf(pool, bytes, count);
    CU_ASSERT_EQUAL_FATAL(rs_packet_parse(mbuf, datagram), RS_FRAME_UDP);
    return mbuf;
}

/* Whether the mbuf holds exactly the frame of this shape and payload length, without padding. */
static bool equals(const struct rte_mbuf *mbuf, const struct rs_test_frame *shape,
                   size_t payload_bytes)
{
    struct rs_test_frame frame = *shape;
    uint8_t expected[FRAME_MAX];
    size_t count;

    frame.payload = body;
    frame.payload_bytes = payload_bytes;
    frame.padding_bytes = 0;
    count = rs_test_frame_write(&frame, expected, sizeof(expected));
    return mbuf->pkt_len == count && mbuf->data_len == count &&
           memcmp(rte_pktmbuf_mtod(mbuf, uint8_t *), expected, count) == 0;
}

static void resize_to(const struct shape *shape, size_t from, size_t to)
{
    struct rs_datagram datagram, again;
    struct rte_mbuf *mbuf = make(&shape->frame, from, &datagram);
    const uint16_t more = (uint16_t)(to > from ? to - from : 0);

    CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, more, 1500), RS_GROW_OK);
    rs_packet_resize(mbuf, &datagram, (int)to - (int)from);
    CU_ASSERT_EQUAL(datagram.payload_bytes, to);
    memcpy(rte_pktmbuf_mtod_offset(mbuf, uint8_t *, datagram.payload_offset), body, to);
    rs_packet_checksum_set(mbuf, &datagram, 0);
    CU_ASSERT_TRUE(equals(mbuf, &shape->frame, to));
    CU_ASSERT_EQUAL(rs_packet_parse(mbuf, &again), RS_FRAME_UDP);
    CU_ASSERT_TRUE(again.length_ok);
    CU_ASSERT_TRUE(rs_packet_checksum_ok(mbuf, &again));
    CU_ASSERT_EQUAL(mbuf->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, 0);
    rte_pktmbuf_free(mbuf);
}

static void grown_and_shrunk_datagrams_equal_ones_written_anew(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        for (size_t from = 0; from < 200; from += 7) {
            resize_to(&shapes[i], from, from);
            resize_to(&shapes[i], from, from + 28);
            resize_to(&shapes[i], from, from + 1);
            resize_to(&shapes[i], from + 28, from);
            resize_to(&shapes[i], from + 1, from);
        }
        resize_to(&shapes[i], 229, 0);
    }
}

static void right_checksums_are_right_and_each_damaged_bit_makes_them_wrong(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        struct rs_datagram datagram;
        struct rte_mbuf *mbuf = make(&shapes[i].frame, 33, &datagram);
        uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);

        CU_ASSERT_TRUE(rs_packet_checksum_ok(mbuf, &datagram));
        for (size_t bit = 0; bit < 8U * 33 && !shapes[i].frame.without_checksum; bit++) {
            bytes[datagram.payload_offset + bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_FALSE(rs_packet_checksum_ok(mbuf, &datagram));
            bytes[datagram.payload_offset + bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        rte_pktmbuf_free(mbuf);
    }
}

static void the_checksum_covers_addresses_and_ports(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        struct rs_datagram datagram;
        struct rte_mbuf *mbuf = make(&shapes[i].frame, 33, &datagram);
        uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
        const size_t source = datagram.l3_offset + (shapes[i].frame.family == 4 ? 12U : 8U);

        bytes[source] ^= 1;
        CU_ASSERT_EQUAL(rs_packet_checksum_ok(mbuf, &datagram), shapes[i].frame.without_checksum);
        bytes[source] ^= 1;
        bytes[datagram.l4_offset + 3] ^= 1;
        CU_ASSERT_EQUAL(rs_packet_checksum_ok(mbuf, &datagram), shapes[i].frame.without_checksum);
        rte_pktmbuf_free(mbuf);
    }
}

static void zero_is_right_over_ipv4_and_wrong_over_ipv6(void)
{
    const struct rs_test_frame v4 = {.family = 4, .without_checksum = true};
    const struct rs_test_frame v6 = {.family = 6, .without_checksum = true};
    struct rs_datagram datagram;
    struct rte_mbuf *mbuf = make(&v4, 20, &datagram);

    CU_ASSERT_TRUE(rs_packet_checksum_ok(mbuf, &datagram));
    rte_pktmbuf_free(mbuf);
    mbuf = make(&v6, 20, &datagram);
    CU_ASSERT_FALSE(rs_packet_checksum_ok(mbuf, &datagram));
    mbuf->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    CU_ASSERT_FALSE(rs_packet_checksum_ok(mbuf, &datagram));
    rte_pktmbuf_free(mbuf);
}

static void the_nic_is_believed_where_it_says_good_or_bad(void)
{
    const struct rs_test_frame v4 = {.family = 4};
    struct rs_datagram datagram;
    struct rte_mbuf *mbuf = make(&v4, 20, &datagram);

    mbuf->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
    CU_ASSERT_FALSE(rs_packet_checksum_ok(mbuf, &datagram));
    rte_pktmbuf_mtod(mbuf, uint8_t *)[datagram.payload_offset] ^= 1;
    mbuf->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    CU_ASSERT_TRUE(rs_packet_checksum_ok(mbuf, &datagram));
    mbuf->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
    CU_ASSERT_FALSE(rs_packet_checksum_ok(mbuf, &datagram));
    mbuf->ol_flags = 0;
    CU_ASSERT_FALSE(rs_packet_checksum_ok(mbuf, &datagram));
    rte_pktmbuf_free(mbuf);
}

static void a_wrong_ipv4_header_checksum_stays_wrong(void)
{
    const struct rs_test_frame v4 = {.family = 4};

    for (uint32_t wrong = 1; wrong < 0xffff; wrong += 97) {
        struct rs_datagram datagram;
        struct rte_mbuf *mbuf = make(&v4, 20, &datagram);
        uint8_t *ip = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, datagram.l3_offset);
        const uint16_t right = (uint16_t)(ip[10] << 8 | ip[11]);
        const uint16_t stored = (uint16_t)(right + wrong);

        ip[10] = (uint8_t)(stored >> 8);
        ip[11] = (uint8_t)stored;
        rs_packet_resize(mbuf, &datagram, 28);
        CU_ASSERT_NOT_EQUAL(rs_test_sum(ip, 20, 0), 0xffff);
        rs_packet_resize(mbuf, &datagram, -28);
        CU_ASSERT_NOT_EQUAL(rs_test_sum(ip, 20, 0), 0xffff);
        rte_pktmbuf_free(mbuf);
    }
}

/* Every value of the header checksum, so also those around RFC 1624's corner. */
static void the_ipv4_header_checksum_is_right_for_every_identification(void)
{
    const struct rs_test_frame v4 = {.family = 4};
    struct rs_datagram datagram;
    struct rte_mbuf *mbuf = make(&v4, 20, &datagram);
    uint8_t *ip = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, datagram.l3_offset);

    for (uint32_t id = 0; id <= 0xffff; id++) {
        const int by = id % 2 == 0 ? 28 : -28;
        uint16_t checksum;

        ip[4] = (uint8_t)(id >> 8);
        ip[5] = (uint8_t)id;
        ip[10] = ip[11] = 0;
        checksum = (uint16_t)~rs_test_sum(ip, 20, 0);
        ip[10] = (uint8_t)(checksum >> 8);
        ip[11] = (uint8_t)checksum;
        rs_packet_resize(mbuf, &datagram, by);
        checksum = (uint16_t)(ip[10] << 8 | ip[11]);
        ip[10] = ip[11] = 0;
        if (rs_test_sum(ip, 20, checksum) != 0xffff || checksum == 0xffff)
            CU_FAIL("the incremental checksum is not the one made anew");
    }
    rte_pktmbuf_free(mbuf);
}

static void a_computed_zero_is_sent_as_ones(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        struct rs_datagram datagram;
        struct rte_mbuf *mbuf = make(&shapes[i].frame, 20, &datagram);
        uint8_t *payload = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, datagram.payload_offset);
        const uint8_t *field = payload - 2;
        uint16_t checksum;

        if (shapes[i].frame.without_checksum)
            goto next;
        /* The last word takes over what the checksum was, so the checksum becomes 0. */
        payload[18] = payload[19] = 0;
        rs_packet_checksum_set(mbuf, &datagram, 0);
        checksum = (uint16_t)(field[0] << 8 | field[1]);
        payload[18] = (uint8_t)(checksum >> 8);
        payload[19] = (uint8_t)checksum;
        rs_packet_checksum_set(mbuf, &datagram, 0);
        CU_ASSERT_EQUAL(field[0], 0xff);
        CU_ASSERT_EQUAL(field[1], 0xff);
        CU_ASSERT_TRUE(rs_packet_checksum_ok(mbuf, &datagram));
        CU_ASSERT_TRUE(rs_test_frame_is_right(rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len,
                                              datagram.l3_offset, datagram.l4_offset));
    next:
        rte_pktmbuf_free(mbuf);
    }
}

static void zero_over_ipv6_gets_a_checksum(void)
{
    const struct rs_test_frame without = {.family = 6, .without_checksum = true};
    const struct rs_test_frame with = {.family = 6};
    struct rs_datagram datagram;
    struct rte_mbuf *mbuf = make(&without, 20, &datagram);

    rs_packet_checksum_set(mbuf, &datagram, 0);
    CU_ASSERT_TRUE(equals(mbuf, &with, 20));
    rte_pktmbuf_free(mbuf);
}

/* The NIC is given the pseudo header's sum: finished over the datagram it must be what we'd set. */
static void the_nic_finishes_the_checksum_where_it_can(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        const struct rs_test_frame *shape = &shapes[i].frame;
        const bool offloaded =
            !shape->without_checksum && !(shape->family == 6 && shape->option_bytes > 0);
        struct rs_datagram datagram;
        struct rte_mbuf *mbuf = make(shape, 20, &datagram);
        uint8_t *udp = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, datagram.l4_offset);
        uint16_t finished;

        rs_packet_resize(mbuf, &datagram, 0);
        rs_packet_checksum_set(mbuf, &datagram, RTE_ETH_TX_OFFLOAD_UDP_CKSUM);
        CU_ASSERT_EQUAL((mbuf->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM,
                        offloaded);
        if (offloaded) {
            CU_ASSERT_EQUAL(mbuf->l2_len, datagram.l3_offset);
            CU_ASSERT_EQUAL(mbuf->l2_len + mbuf->l3_len, datagram.l4_offset);
            CU_ASSERT_EQUAL((mbuf->ol_flags & RTE_MBUF_F_TX_IPV4) != 0, shape->family == 4);
            CU_ASSERT_EQUAL((mbuf->ol_flags & RTE_MBUF_F_TX_IPV6) != 0, shape->family == 6);
            CU_ASSERT_EQUAL(mbuf->ol_flags & RTE_MBUF_F_TX_IP_CKSUM, 0);
            finished = (uint16_t)~rs_test_sum(udp, 28, 0);
            udp[6] = (uint8_t)(finished >> 8);
            udp[7] = (uint8_t)finished;
        }
        CU_ASSERT_TRUE(equals(mbuf, shape, 20));
        rte_pktmbuf_free(mbuf);
    }
}

static void other_offloads_do_not_make_the_nic_sum(void)
{
    const struct rs_test_frame v4 = {.family = 4};
    struct rs_datagram datagram;
    struct rte_mbuf *mbuf = make(&v4, 20, &datagram);

    rs_packet_checksum_set(mbuf, &datagram,
                           RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
    CU_ASSERT_EQUAL(mbuf->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, 0);
    CU_ASSERT_TRUE(equals(mbuf, &v4, 20));
    rte_pktmbuf_free(mbuf);
}

static void growth_past_the_mtu_is_refused_to_the_byte(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        struct rs_datagram datagram;
        struct rte_mbuf *mbuf = make(&shapes[i].frame, 100, &datagram);
        const uint16_t ip_bytes = (uint16_t)(datagram.payload_offset - datagram.l3_offset + 100);

        CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, 28, ip_bytes + 28), RS_GROW_OK);
        CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, 28, ip_bytes + 27), RS_GROW_TOO_BIG);
        CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, 0, ip_bytes), RS_GROW_OK);
        CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, 0, ip_bytes - 1), RS_GROW_TOO_BIG);
        rte_pktmbuf_free(mbuf);
    }
}

static void growth_past_the_room_is_refused_to_the_byte(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        struct rs_datagram datagram;
        struct rte_mbuf *mbuf = make(&shapes[i].frame, 100, &datagram);
        const uint16_t room = (uint16_t)(ROOM_BYTES - datagram.payload_offset - 100);

        CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, room, 1500), RS_GROW_OK);
        CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, room + 1, 1500), RS_GROW_NO_TAILROOM);
        CU_ASSERT_EQUAL(rs_packet_can_grow(mbuf, &datagram, UINT16_MAX, UINT16_MAX),
                        RS_GROW_TOO_BIG);
        rte_pktmbuf_free(mbuf);
    }
}

static void chained_datagrams_are_checked_but_not_grown(void)
{
    const struct rs_test_frame v4 = {.family = 4};
    struct rs_datagram datagram;
    struct rte_mbuf *head = make(&v4, 100, &datagram);
    uint8_t *bytes = rte_pktmbuf_mtod(head, uint8_t *);
    const uint16_t head_bytes = (uint16_t)(datagram.payload_offset + 30);
    struct rte_mbuf *tail =
        rs_test_mbuf(pool, bytes + head_bytes, (size_t)(head->data_len - head_bytes));

    rte_pktmbuf_trim(head, tail->data_len);
    CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_chain(head, tail), 0);
    CU_ASSERT_EQUAL(rs_packet_parse(head, &datagram), RS_FRAME_UDP);
    CU_ASSERT_EQUAL(datagram.payload_bytes, 100);
    CU_ASSERT_TRUE(rs_packet_checksum_ok(head, &datagram));
    rte_pktmbuf_mtod(tail, uint8_t *)[0] ^= 1;
    CU_ASSERT_FALSE(rs_packet_checksum_ok(head, &datagram));
    CU_ASSERT_EQUAL(rs_packet_can_grow(head, &datagram, 28, 1500), RS_GROW_NO_TAILROOM);
    rte_pktmbuf_free(head);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"grown_and_shrunk_datagrams_equal_ones_written_anew",
         grown_and_shrunk_datagrams_equal_ones_written_anew},
        {"right_checksums_are_right_and_each_damaged_bit_makes_them_wrong",
         right_checksums_are_right_and_each_damaged_bit_makes_them_wrong},
        {"the_checksum_covers_addresses_and_ports", the_checksum_covers_addresses_and_ports},
        {"zero_is_right_over_ipv4_and_wrong_over_ipv6",
         zero_is_right_over_ipv4_and_wrong_over_ipv6},
        {"the_nic_is_believed_where_it_says_good_or_bad",
         the_nic_is_believed_where_it_says_good_or_bad},
        {"a_wrong_ipv4_header_checksum_stays_wrong", a_wrong_ipv4_header_checksum_stays_wrong},
        {"the_ipv4_header_checksum_is_right_for_every_identification",
         the_ipv4_header_checksum_is_right_for_every_identification},
        {"a_computed_zero_is_sent_as_ones", a_computed_zero_is_sent_as_ones},
        {"zero_over_ipv6_gets_a_checksum", zero_over_ipv6_gets_a_checksum},
        {"the_nic_finishes_the_checksum_where_it_can", the_nic_finishes_the_checksum_where_it_can},
        {"other_offloads_do_not_make_the_nic_sum", other_offloads_do_not_make_the_nic_sum},
        {"growth_past_the_mtu_is_refused_to_the_byte", growth_past_the_mtu_is_refused_to_the_byte},
        {"growth_past_the_room_is_refused_to_the_byte",
         growth_past_the_room_is_refused_to_the_byte},
        {"chained_datagrams_are_checked_but_not_grown",
         chained_datagrams_are_checked_but_not_grown},
    };

    rs_test_eal();
    pool = rs_test_pool("packet", 63, ROOM_BYTES);
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 37 + 11);
    return rs_test_main("packet", tests, sizeof(tests) / sizeof(tests[0]));
}
