/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only user of IPsec-MB: deriving keys, sealing and opening bursts, and random numbers.
 * cipher.c holds the engine, cipher_hkdf.c hashes and derivation, cipher_self_test.c known answers,
 * the other cipher_*.c one method each. Keys that come out of here go to memory the caller got from
 * rs_secret_map.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "suite.h"

/* Which code of IPsec-MB runs. AUTO is for production; the others let tests run each one. */
enum rs_isa { RS_ISA_AUTO, RS_ISA_SSE, RS_ISA_AVX2, RS_ISA_AVX512 };

enum {
    RS_BURST_MAX = 32,     /* packets sealed or opened at once */
    RS_AAD_HEADROOM = 48,  /* writable bytes a caller leaves before rs_crypt.aad */
    RS_TEXT_TAILROOM = 64, /* writable bytes a caller leaves behind gathered text */
};

/* An IPsec-MB manager, its scratch memory and a random generator. Owner: one thread. */
struct rs_cipher;

/* Makes an engine, seeded by getrandom(2); NULL with errno ENOTSUP where the CPU lacks the ISA or
 * AES-NI, else as rs_secret_map or getrandom set it. The main thread, before it hands the engine to
 * its owner; blocks. Destroy it with rs_cipher_destroy. */
struct rs_cipher *rs_cipher_create(enum rs_isa isa);
void rs_cipher_destroy(struct rs_cipher *cipher);

/* The name of the ISA in use ("SSE", "AVX2", "AVX512") and IPsec-MB's version. Borrowed. */
const char *rs_cipher_isa_name(const struct rs_cipher *cipher);
const char *rs_cipher_library_version(void);

/*
 * Fills `out` from the engine's own AES-256-CTR generator, which forgets its key after each refill.
 * The owner's thread; no system call.
 */
void rs_cipher_random(struct rs_cipher *cipher, void *out, size_t bytes);

/* Mixes 32 fresh bytes into the generator. The owner's thread. */
void rs_cipher_reseed(struct rs_cipher *cipher, const uint8_t seed[32]);

/*
 * sframe_secret = HKDF-Extract("", base_key), RFC 5869, digest-size bytes to `secret`.
 * The owner's thread.
 */
void rs_cipher_extract(struct rs_cipher *cipher, enum rs_hash hash, const uint8_t *base_key,
                       size_t base_key_bytes, uint8_t secret[RS_HASH_MAX_BYTES]);

/* HKDF-Expand(secret, info, out_bytes), RFC 5869; `info` at most 64 bytes, `out` at most 96. */
void rs_cipher_expand(struct rs_cipher *cipher, enum rs_hash hash,
                      const uint8_t secret[RS_HASH_MAX_BYTES], const uint8_t *info,
                      size_t info_bytes, uint8_t *out, size_t out_bytes);

enum { RS_FINGERPRINT_CHARS = 36 }; /* six times five digits, five blanks, a NUL */

/* The 16 bits of a KID that name the session key. The owner's thread. */
uint16_t rs_key_tag(struct rs_cipher *cipher, enum rs_hash hash,
                    const uint8_t secret[RS_HASH_MAX_BYTES]);

/* Six five-digit numbers for two people to compare. The owner's thread. */
void rs_key_fingerprint(struct rs_cipher *cipher, enum rs_hash hash,
                        const uint8_t secret[RS_HASH_MAX_BYTES],
                        char fingerprint[RS_FINGERPRINT_CHARS]);

/* One sender's keys, expanded for IPsec-MB, in memory aligned to 64. */
struct rs_cipher_keys;

/* How much of it there has to be: for any suite, a multiple of 64; and for one. Pure. */
size_t rs_cipher_keys_bytes(void);
size_t rs_cipher_keys_bytes_of(const struct rs_suite *suite);

/*
 * Derives sframe_key and sframe_salt for `kid` (RFC 9605 section 4.4.2) and expands them into
 * `keys`. About 9,000 cycles for a CTR_HMAC suite. The owner's thread; no allocation.
 */
void rs_cipher_derive(struct rs_cipher *cipher, const struct rs_suite *suite,
                      const uint8_t secret[RS_HASH_MAX_BYTES], uint64_t kid,
                      struct rs_cipher_keys *keys);

/*
 * The same from a given sframe_key (nk bytes) and sframe_salt: what the derivation ends with, and
 * how known-answer tests get in.
 */
void rs_cipher_expand_keys(struct rs_cipher *cipher, const struct rs_suite *suite,
                           const uint8_t *sframe_key, const uint8_t sframe_salt[RS_NONCE_BYTES],
                           struct rs_cipher_keys *keys);

/* Asks for what sealing or opening with these keys reads, so that it is there in time. Any thread.
 */
void rs_cipher_prefetch(const struct rs_suite *suite, const struct rs_cipher_keys *keys);

/*
 * One packet to seal or open.
 *
 * `aad` has RS_AAD_HEADROOM writable bytes before it. `text` is sealed or opened in place; it is
 * either anywhere (then `aad` has room for text_bytes + RS_TEXT_TAILROOM behind it, where an HMAC
 * method gathers its message) or right behind the aad already. Where there are `lent_bytes`
 * writable bytes before the text, an HMAC method may build its message around the text instead:
 * they are as they were on return. `tag` is nt bytes: written when sealing, read when opening.
 */
struct rs_crypt {
    const struct rs_cipher_keys *keys;
    uint64_t ctr; /* SFrame CTR; nonce = salt XOR ctr */
    uint8_t *aad;
    uint8_t *text;
    uint8_t *tag;
    uint32_t aad_bytes;
    uint32_t text_bytes;
    uint32_t lent_bytes;
    bool verified; /* set by rs_cipher_open_burst */
};

/*
 * Seals n <= RS_BURST_MAX packets of one suite: text encrypted in place, tag written.
 * RFC 9605 section 4.5. The owner's thread; no allocation, no system call. Returns 0, or -EIO
 * where IPsec-MB refused the burst (nothing of it may then be sent).
 */
int rs_cipher_seal_burst(struct rs_cipher *cipher, const struct rs_suite *suite,
                         struct rs_crypt *crypts, unsigned int n);

/*
 * Opens n <= RS_BURST_MAX packets of one suite: verifies each tag in constant time, and only then
 * decrypts (GCM does both in one pass, and encrypts again what does not verify); sets `verified`.
 * Text that does not verify is left as it came, so that another key may be tried. A suite without a
 * tag verifies everything. Returns 0 or -EIO as above.
 */
int rs_cipher_open_burst(struct rs_cipher *cipher, const struct rs_suite *suite,
                         struct rs_crypt *crypts, unsigned int n);

/*
 * Checks the suite against a known answer that OpenSSL made (RFC 9605's vectors for those suites
 * that it has). Returns 0, or -EIO on a wrong answer. Cold.
 */
int rs_cipher_self_test(struct rs_cipher *cipher, const struct rs_suite *suite);
