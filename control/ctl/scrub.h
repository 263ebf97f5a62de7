/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes out of a document what must not leave the host. */
#pragma once

#include <jansson.h>

/* Replaces the value of each member whose name is that of a secret. Nothing that the daemon says
 * holds one; what stands in files may. */
void rs_scrub_secrets(json_t *document);

/* Replaces each IPv4, IPv6 and MAC address in strings and in names of members by a word of its own
 * (ip-1, mac-1), the same for the same address everywhere. Returns the new document, or NULL
 * without memory. */
json_t *rs_scrub_addresses(const json_t *document);
