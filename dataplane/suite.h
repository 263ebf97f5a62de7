/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cipher suites, one table row each (RFC 9605 section 4.5 and draft-barnes-sframe-iana-256).
 * Plain data: no DPDK, no cryptography.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    RS_NONCE_BYTES = 12,   /* Nn, the same for all suites */
    RS_TAG_MAX_BYTES = 16, /* the longest Nt */
    RS_KEY_MAX_BYTES = 96, /* the longest Nk */
    RS_HASH_MAX_BYTES = 64 /* the longest digest, Nh */
};

/* The hash of HKDF and, where there is one, of HMAC. */
enum rs_hash { RS_HASH_SHA512, RS_HASH_SHA256, RS_HASHES };

/* How a packet is sealed: one file cipher_*.c each. */
enum rs_method { RS_METHOD_CTR_HMAC, RS_METHOD_GCM, RS_METHOD_CTR, RS_METHODS };

struct rs_suite {
    const char *name; /* as in configuration and on the control socket */
    uint16_t number;  /* as in the HKDF label, RFC 9605 section 4.4.2 */
    uint8_t code;     /* the four bits of the KID that name it */
    enum rs_hash hash;
    enum rs_method method;
    uint8_t nka; /* bytes of the AES key; the rest of nk is the HMAC key */
    uint8_t nk;  /* bytes of sframe_key */
    uint8_t nt;  /* bytes of the tag */
};

/* The suites in the order of the table. Any thread; borrowed, never freed. */
extern const struct rs_suite rs_suites[];
extern const size_t rs_suite_count;

/* Borrowed row, or NULL where there is none. Any thread. */
const struct rs_suite *rs_suite_find(const char *name);
const struct rs_suite *rs_suite_find_number(uint16_t number);

/* The suite of a session that names none. */
const struct rs_suite *rs_suite_default(void);
