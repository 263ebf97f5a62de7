/* SPDX-License-Identifier: BSD-3-Clause */
/* What apply tells people. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* "+ stream a", "~ stream b (suite)", "-/+ session c (e2ee)", "- session d": a line for each of
 * apply_commit's differences. */
void rs_apply_print_differences(FILE *out, const json_t *result);

/* A line each for sessions and streams: how many are created, changed, replaced, deleted. */
void rs_apply_print_sums(FILE *out, const json_t *result);

/* Which sessions' media waits: those for a secret, and those to be connected. Lists of ids. */
void rs_apply_print_waiting(FILE *out, const json_t *for_secret, const json_t *for_connect);
