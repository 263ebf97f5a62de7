/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads media ranges strictly and says what lies in them. Strictly, since a range that means
 * something other than its author thought lets media pass by unsealed.
 */
#include "range.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* A decimal number up to `max` without sign, blanks or leading zeros; moves *text behind it.
 * Returns it, or -1. */
static long parse_number(const char **text, long max)
{
    const char *at = *text;
    long value = 0;

    if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
        return -1;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = 10 * value + (*at - '0');
        if (value > max)
            return -1;
    }
    *text = at;
    return value;
}

static bool bit(const uint8_t *address, unsigned int index)
{
    return (address[index / 8] >> (7 - index % 8) & 1) != 0;
}

/* Reads the address up to `length` characters. Returns the bits of its family, or 0. */
static unsigned int parse_address(const char *text, size_t length, struct rs_range *range)
{
    char address[INET6_ADDRSTRLEN];

    if (length >= sizeof(address))
        return 0;
    memcpy(address, text, length);
    address[length] = '\0';
    if (inet_pton(AF_INET, address, range->address) == 1) {
        range->family = 4;
        return 32;
    }
    if (inet_pton(AF_INET6, address, range->address) == 1) {
        range->family = 6;
        return 128;
    }
    return 0;
}

int rs_range_parse_ip(const char *text, struct rs_range *range)
{
    struct rs_range parsed = *range;
    unsigned int bits;
    size_t length;

    memset(parsed.address, 0, sizeof(parsed.address));
    parsed.family = 0;
    parsed.prefix_bits = 0;
    if (text != NULL) {
        length = strcspn(text, "/");
        bits = parse_address(text, length, &parsed);
        parsed.prefix_bits = (uint8_t)bits;
        if (bits == 0)
            return -EINVAL;
        text += length;
        if (*text == '/') {
            long prefix;

            text++;
            prefix = parse_number(&text, (long)bits);
            if (prefix < 0 || *text != '\0')
                return -EINVAL;
            parsed.prefix_bits = (uint8_t)prefix;
        }
        for (unsigned int i = parsed.prefix_bits; i < bits; i++) {
            if (bit(parsed.address, i))
                return -EINVAL;
        }
    }
    *range = parsed;
    return 0;
}

int rs_range_parse_ports(const char *text, struct rs_range *range)
{
    const long first = parse_number(&text, UINT16_MAX);
    long last = first;

    if (first > 0 && *text == '-') {
        text++;
        last = parse_number(&text, UINT16_MAX);
    }
    if (first < 1 || last < first || *text != '\0')
        return -EINVAL;
    range->port_first = (uint16_t)first;
    range->port_last = (uint16_t)last;
    return 0;
}

static bool holds_address(const struct rs_range *range, uint8_t family, const uint8_t *address)
{
    const unsigned int whole = range->prefix_bits / 8;
    const unsigned int rest = range->prefix_bits % 8;

    if (range->family == 0)
        return true;
    if (range->family != family || memcmp(range->address, address, whole) != 0)
        return false;
    return rest == 0 || (range->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool rs_range_holds_address(const struct rs_range *ranges, size_t n, uint8_t family,
                            const uint8_t address[16])
{
    for (size_t i = 0; i < n; i++) {
        if (holds_address(&ranges[i], family, address))
            return true;
    }
    return false;
}
