/* SPDX-License-Identifier: BSD-3-Clause */
/* Base64 for URLs without padding, RFC 4648 section 5. Pure. */
#pragma once

#include <stddef.h>

/*
 * Decodes `count` characters into `out`, which has room for `size` bytes. Takes one spelling of
 * each byte string alone: no padding, no blanks, no bits behind the last byte. Returns how many
 * bytes, or -EINVAL, or -ENOSPC.
 */
ptrdiff_t rs_base64url_decode(const char *text, size_t count, unsigned char *out, size_t size);

/* Writes the text and a NUL; `out` has room for RS_BASE64URL_CHARS(count). */
#define RS_BASE64URL_CHARS(count) (((count)*4 + 2) / 3 + 1)
void rs_base64url_encode(const void *bytes, size_t count, char *out);
