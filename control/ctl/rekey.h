/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of secret, seen through. */
#pragma once

#include "args.h"

/*
 * Calls `method`, session_set_encryption_secret, with the arguments' params, and waits until every
 * worker seals with the new key and the one before is wiped on all of them; --no-wait: until it is
 * staged. Prints one line that says so, or with --json one object. Returns an exit code: what goes
 * wrong after the daemon has taken the secret does not undo it, and is said so.
 */
int rs_rekey(const char *method, struct rs_args *args);
