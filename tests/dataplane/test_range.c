/* SPDX-License-Identifier: BSD-3-Clause */
/* Media ranges: what is accepted, what is refused, and what lies inside. */
#include "dataplane/range.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/runner.h"

struct ip_row {
    const char *text;
    uint8_t family, prefix_bits; /* family 0: refused */
    const char *address;
};

static const struct ip_row ip_rows[] = {
    {"198.51.100.0/24", 4, 24, "198.51.100.0"},
    {"198.51.100.7", 4, 32, "198.51.100.7"},
    {"198.51.100.7/32", 4, 32, "198.51.100.7"},
    {"198.51.100.128/25", 4, 25, "198.51.100.128"},
    {"0.0.0.0/0", 4, 0, "0.0.0.0"},
    {"2001:db8::/32", 6, 32, "2001:db8::"},
    {"2001:db8::1", 6, 128, "2001:db8::1"},
    {"::/0", 6, 0, "::"},
    {"2001:db8:8000::/33", 6, 33, "2001:db8:8000::"},
    {"", 0, 0, NULL},
    {"/24", 0, 0, NULL},
    {"198.51.100.0/", 0, 0, NULL},
    {"198.51.100.0/33", 0, 0, NULL},
    {"198.51.100.0/-1", 0, 0, NULL},
    {"198.51.100.0/+24", 0, 0, NULL},
    {"198.51.100.0/024", 0, 0, NULL},
    {"198.51.100.0/24 ", 0, 0, NULL},
    {" 198.51.100.0/24", 0, 0, NULL},
    {"198.51.100.0/24/24", 0, 0, NULL},
    {"198.51.100.0/0x18", 0, 0, NULL},
    {"198.51.100.0/99999999999999999999", 0, 0, NULL},
    {"198.51.100.1/24", 0, 0, NULL},
    {"198.51.100.128/24", 0, 0, NULL},
    {"0.0.0.1/0", 0, 0, NULL},
    {"198.51.100", 0, 0, NULL},
    {"198.51.100.256", 0, 0, NULL},
    {"198.51.100.0.0", 0, 0, NULL},
    {"198.51.100.07", 0, 0, NULL},
    {"3325256711", 0, 0, NULL},
    {"localhost", 0, 0, NULL},
    {"2001:db8::/129", 0, 0, NULL},
    {"2001:db8::1/64", 0, 0, NULL},
    {"2001:db8:8000::/32", 0, 0, NULL},
    {"2001:db8::g", 0, 0, NULL},
    {"2001:db8:::1", 0, 0, NULL},
    {"fe80::1%eth0", 0, 0, NULL},
    {"[2001:db8::1]", 0, 0, NULL},
    {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd", 0, 0, NULL},
};

static void check_ip_row(const struct ip_row *row)
{
    struct rs_range before, range;
    uint8_t address[16] = {0};

    memset(&before, 0x5a, sizeof(before));
    range = before;
    if (row->family == 0) {
        const bool refused = rs_range_parse_ip(row->text, &range) == -EINVAL &&
                             memcmp(&range, &before, sizeof(range)) == 0;

        if (!refused)
            printf("  not refused: \"%s\"\n", row->text);
        CU_ASSERT(refused);
        return;
    }
    CU_ASSERT_EQUAL_FATAL(inet_pton(row->family == 4 ? AF_INET : AF_INET6, row->address, address),
                          1);
    CU_ASSERT_EQUAL(rs_range_parse_ip(row->text, &range), 0);
    CU_ASSERT_EQUAL(range.family, row->family);
    CU_ASSERT_EQUAL(range.prefix_bits, row->prefix_bits);
    CU_ASSERT_EQUAL(memcmp(range.address, address, 16), 0);
    CU_ASSERT_EQUAL(range.port_first, before.port_first);
    CU_ASSERT_EQUAL(range.port_last, before.port_last);
}

static void addresses_parse_strictly(void)
{
    for (size_t i = 0; i < sizeof(ip_rows) / sizeof(ip_rows[0]); i++)
        check_ip_row(&ip_rows[i]);
}

struct ports_row {
    const char *text;
    uint16_t first, last; /* first 0: refused */
};

static const struct ports_row ports_rows[] = {
    {"10000-59999", 10000, 59999},
    {"5004", 5004, 5004},
    {"5004-5004", 5004, 5004},
    {"1-65535", 1, 65535},
    {"", 0, 0},
    {"0", 0, 0},
    {"0-5", 0, 0},
    {"65536", 0, 0},
    {"1-65536", 0, 0},
    {"5005-5004", 0, 0},
    {"-5004", 0, 0},
    {"5004-", 0, 0},
    {"5004-x", 0, 0},
    {"5004-5006x", 0, 0},
    {"5004 ", 0, 0},
    {" 5004", 0, 0},
    {"5004 - 5006", 0, 0},
    {"5004-5006-5008", 0, 0},
    {"5004,5006", 0, 0},
    {"+5004", 0, 0},
    {"05004", 0, 0},
    {"0x1388", 0, 0},
    {"4294972300", 0, 0},
    {"18446744073709556620", 0, 0},
};

static void ports_parse_strictly(void)
{
    for (size_t i = 0; i < sizeof(ports_rows) / sizeof(ports_rows[0]); i++) {
        const struct ports_row *row = &ports_rows[i];
        struct rs_range range = {.family = 4, .port_first = 7, .port_last = 8};
        const int result = rs_range_parse_ports(row->text, &range);
        const bool as_expected =
            row->first == 0
                ? result == -EINVAL && range.port_first == 7 && range.port_last == 8
                : result == 0 && range.port_first == row->first && range.port_last == row->last;

        if (!as_expected)
            printf("  ports \"%s\"\n", row->text);
        CU_ASSERT(as_expected);
        CU_ASSERT_EQUAL(range.family, 4);
    }
}

static struct rs_range make_range(const char *ip, const char *ports)
{
    struct rs_range range;

    memset(&range, 0xff, sizeof(range));
    CU_ASSERT_EQUAL_FATAL(rs_range_parse_ip(ip, &range), 0);
    CU_ASSERT_EQUAL_FATAL(rs_range_parse_ports(ports, &range), 0);
    return range;
}

static bool holds(const struct rs_range *ranges, size_t n, const char *address, uint16_t port)
{
    uint8_t bytes[16] = {0};
    const uint8_t family = strchr(address, ':') != NULL ? 6 : 4;

    CU_ASSERT_EQUAL_FATAL(inet_pton(family == 4 ? AF_INET : AF_INET6, address, bytes), 1);
    return port != 0 ? rs_range_holds(ranges, n, family, bytes, port)
                     : rs_range_holds_address(ranges, n, family, bytes);
}

static void a_prefix_holds_its_addresses_and_no_neighbour(void)
{
    const struct rs_range v4 = make_range("198.51.100.64/26", "10000-20000");
    const struct rs_range v6 = make_range("2001:db8:8000::/33", "10000-20000");

    CU_ASSERT(holds(&v4, 1, "198.51.100.64", 10000));
    CU_ASSERT(holds(&v4, 1, "198.51.100.127", 20000));
    CU_ASSERT_FALSE(holds(&v4, 1, "198.51.100.63", 15000));
    CU_ASSERT_FALSE(holds(&v4, 1, "198.51.100.128", 15000));
    CU_ASSERT_FALSE(holds(&v4, 1, "198.51.101.64", 15000));
    CU_ASSERT_FALSE(holds(&v4, 1, "198.51.100.64", 9999));
    CU_ASSERT_FALSE(holds(&v4, 1, "198.51.100.64", 20001));
    CU_ASSERT(holds(&v6, 1, "2001:db8:8000::1", 15000));
    CU_ASSERT(holds(&v6, 1, "2001:db8:ffff::1", 15000));
    CU_ASSERT_FALSE(holds(&v6, 1, "2001:db8:7fff::1", 15000));
    CU_ASSERT_FALSE(holds(&v6, 1, "2001:db9:8000::1", 15000));
}

static void a_single_address_holds_itself_alone(void)
{
    const struct rs_range v4 = make_range("198.51.100.7", "5004");
    const struct rs_range v6 = make_range("2001:db8::7", "5004");

    CU_ASSERT(holds(&v4, 1, "198.51.100.7", 5004));
    CU_ASSERT_FALSE(holds(&v4, 1, "198.51.100.6", 5004));
    CU_ASSERT_FALSE(holds(&v4, 1, "198.51.100.7", 5005));
    CU_ASSERT(holds(&v6, 1, "2001:db8::7", 5004));
    CU_ASSERT_FALSE(holds(&v6, 1, "2001:db8::6", 5004));
}

static void families_do_not_match_each_other_unless_no_address_is_given(void)
{
    const struct rs_range all4 = make_range("0.0.0.0/0", "1-65535");
    const struct rs_range all6 = make_range("::/0", "1-65535");
    const struct rs_range any = make_range(NULL, "5004");

    CU_ASSERT(holds(&all4, 1, "203.0.113.1", 1));
    CU_ASSERT_FALSE(holds(&all4, 1, "2001:db8::1", 1));
    CU_ASSERT(holds(&all6, 1, "2001:db8::1", 1));
    CU_ASSERT_FALSE(holds(&all6, 1, "203.0.113.1", 1));
    CU_ASSERT(holds(&any, 1, "203.0.113.1", 5004));
    CU_ASSERT(holds(&any, 1, "2001:db8::1", 5004));
    CU_ASSERT_FALSE(holds(&any, 1, "2001:db8::1", 5005));
}

static void one_of_several_ranges_is_enough_but_never_parts_of_two(void)
{
    const struct rs_range ranges[] = {make_range("198.51.100.0/24", "1000-1999"),
                                      make_range("203.0.113.0/24", "2000-2999")};

    CU_ASSERT(holds(ranges, 2, "198.51.100.1", 1500));
    CU_ASSERT(holds(ranges, 2, "203.0.113.1", 2500));
    CU_ASSERT_FALSE(holds(ranges, 2, "198.51.100.1", 2500));
    CU_ASSERT_FALSE(holds(ranges, 2, "203.0.113.1", 1500));
    CU_ASSERT_FALSE(holds(ranges, 1, "203.0.113.1", 2500));
    CU_ASSERT_FALSE(holds(ranges, 0, "198.51.100.1", 1500));
}

static void an_address_without_a_port_lies_in_a_range_by_its_address(void)
{
    const struct rs_range range = make_range("198.51.100.0/24", "5004");
    const struct rs_range any = make_range(NULL, "5004");

    CU_ASSERT(holds(&range, 1, "198.51.100.9", 0));
    CU_ASSERT_FALSE(holds(&range, 1, "198.51.101.9", 0));
    CU_ASSERT_FALSE(holds(&range, 1, "2001:db8::1", 0));
    CU_ASSERT(holds(&any, 1, "2001:db8::1", 0));
}

static const struct rs_test tests[] = {
    {"addresses_parse_strictly", addresses_parse_strictly},
    {"ports_parse_strictly", ports_parse_strictly},
    {"a_prefix_holds_its_addresses_and_no_neighbour",
     a_prefix_holds_its_addresses_and_no_neighbour},
    {"a_single_address_holds_itself_alone", a_single_address_holds_itself_alone},
    {"families_do_not_match_each_other_unless_no_address_is_given",
     families_do_not_match_each_other_unless_no_address_is_given},
    {"one_of_several_ranges_is_enough_but_never_parts_of_two",
     one_of_several_ranges_is_enough_but_never_parts_of_two},
    {"an_address_without_a_port_lies_in_a_range_by_its_address",
     an_address_without_a_port_lies_in_a_range_by_its_address},
};

int main(void)
{
    return rs_test_main("range", tests, sizeof(tests) / sizeof(tests[0]));
}
