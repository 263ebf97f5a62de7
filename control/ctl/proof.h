/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of a change of secret, and how it is told: one line, or members of a JSON object.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* All of it belongs to whoever fills it in. NULL: not known, or not yet. */
struct rs_proof {
    json_t *before, *after; /* session_get before the change, and last */
    json_t *reply;          /* to session_set_encryption_secret */
    int64_t staged_ms;      /* from the call to its reply */
    json_int_t replaced;    /* the epoch that was active before; 0: none */
    json_t *staged;         /* event secret_staged of the new epoch */
    json_t *activated;      /* event secret_activated of it */
    json_t *retired;        /* object: events secret_retired by epoch */
};

/* The new epoch; and whether there is one: not where the active secret was given again. */
json_int_t rs_proof_epoch(const struct rs_proof *proof);
bool rs_proof_is_change(const struct rs_proof *proof);

/* The event secret_retired of the replaced epoch, borrowed, or NULL. */
const json_t *rs_proof_wiped(const struct rs_proof *proof);

/* The line, as far as things are known. */
void rs_proof_print_line(FILE *out, const struct rs_proof *proof);

/* A new object: the reply's members, and "changed", "replaced_epoch", "staged_ms", "activated_ms",
 * "workers", "lost", "lost_by", "wiped_ms", "workers_wiped"; null where they are not known. */
json_t *rs_proof_json(const struct rs_proof *proof);
