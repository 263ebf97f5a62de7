/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Six bits a character, most significant first.
 */
#include "base64url.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

ptrdiff_t rs_base64url_decode(const char *text, size_t count, unsigned char *out, size_t size)
{
    const size_t bytes = count * 3 / 4;
    uint32_t bits = 0;
    unsigned int held = 0;
    size_t used = 0;

    if (count % 4 == 1)
        return -EINVAL;
    if (bytes > size)
        return -ENOSPC;
    for (size_t i = 0; i < count; i++) {
        const char *found = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;

        if (found == NULL)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)(found - alphabet);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[used++] = (unsigned char)(bits >> held);
        }
    }
    return (bits & ((1U << held) - 1)) == 0 ? (ptrdiff_t)used : -EINVAL;
}

void rs_base64url_encode(const void *bytes, size_t count, char *out)
{
    const unsigned char *in = bytes;
    uint32_t bits = 0;
    unsigned int held = 0;

    for (size_t i = 0; i < count; i++) {
        bits = bits << 8 | in[i];
        for (held += 8; held >= 6; held -= 6)
            *out++ = alphabet[bits >> (held - 6) & 63];
    }
    if (held > 0)
        *out++ = alphabet[bits << (6 - held) & 63];
    *out = '\0';
}
