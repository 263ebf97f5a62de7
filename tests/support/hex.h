/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes as test vectors write them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Decodes hex digits, blanks skipped, to at most `max` bytes. Returns the bytes, or SIZE_MAX where
 * the text is not hex or does not fit. */
size_t rs_hex_decode(const char *text, uint8_t *out, size_t max);

/* Writes 2 * bytes digits and a NUL to `out`. */
void rs_hex_encode(const uint8_t *bytes, size_t count, char *out);
