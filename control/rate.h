/* SPDX-License-Identifier: BSD-3-Clause */
/* How many requests each user may make: a bucket of tokens per uid. Main thread alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rs_rate;

/* Up to `per_second` requests a second and user, and as many at once; 0: any number. NULL without
 * memory. */
struct rs_rate *rs_rate_create(uint32_t per_second);
void rs_rate_destroy(struct rs_rate *rate);

/* Changes the number for all users. */
void rs_rate_set(struct rs_rate *rate, uint32_t per_second);

/* Whether the user may make another request now: takes a token, if so. */
bool rs_rate_allows(struct rs_rate *rate, uid_t uid);
