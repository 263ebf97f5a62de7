/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/hex.h"

#include <ctype.h>
#include <stdio.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t rs_hex_decode(const char *text, uint8_t *out, size_t max)
{
    size_t n = 0;

    while (*text != '\0') {
        int high, low;

        if (isspace((unsigned char)*text)) {
            text++;
            continue;
        }
        high = digit(text[0]);
        low = high < 0 ? -1 : digit(text[1]);
        if (low < 0 || n == max)
            return SIZE_MAX;
        out[n++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return n;
}

void rs_hex_encode(const uint8_t *bytes, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
    out[2 * count] = '\0';
}
