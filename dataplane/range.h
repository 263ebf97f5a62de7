/* SPDX-License-Identifier: BSD-3-Clause */
/* A link's media ranges: which addresses and ports can carry media. No DPDK. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One range. An absent address matches both families. Ports are inclusive, host order. */
struct rs_range {
    uint8_t family; /* 4, 6, or 0 for any address */
    uint8_t prefix_bits;
    uint8_t address[16]; /* network order, IPv4 in the first 4 bytes */
    uint16_t port_first, port_last;
};

/*
 * Parses "198.51.100.0/24", "198.51.100.7", "2001:db8::/32" or NULL (any) into the address part,
 * and "10000-59999" or "5004" into the ports. Return 0, or -EINVAL with nothing changed (bits set
 * behind the prefix are an error too). Cold.
 */
int rs_range_parse_ip(const char *text, struct rs_range *range);
int rs_range_parse_ports(const char *text, struct rs_range *range);

/* Whether the address, with any port, lies in one of `n` ranges. Pure. */
bool rs_range_holds_address(const struct rs_range *ranges, size_t n, uint8_t family,
                            const uint8_t address[16]);

/* Whether (address, port) lies in one of `n` ranges. Pure. */
static inline bool rs_range_holds(const struct rs_range *ranges, size_t n, uint8_t family,
                                  const uint8_t address[16], uint16_t port)
{
    for (size_t i = 0; i < n; i++) {
        if (port >= ranges[i].port_first && port <= ranges[i].port_last &&
            (ranges[i].family == 0 || rs_range_holds_address(&ranges[i], 1, family, address)))
            return true;
    }
    return false;
}
