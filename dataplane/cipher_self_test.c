/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Known answers, one row per suite, from base key to tag: a daemon that computes anything else must
 * not touch a packet. A suite without a row does not pass.
 */
#include <errno.h>
#include <string.h>

#include "cipher_internal.h"
#include "secret.h"

enum { TEXT_BYTES = 21, AAD_BYTES = 19 };

/* All rows share the inputs of RFC 9605 appendix C.3. */
static const uint64_t kid = 0x123, ctr = 0x4567;
static const uint8_t base_key[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                                   0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};
static const uint8_t aad[AAD_BYTES] = {0x99, 0x01, 0x23, 0x45, 0x67, 0x49, 0x45, 0x54, 0x46, 0x20,
                                       0x53, 0x46, 0x72, 0x61, 0x6d, 0x65, 0x20, 0x57, 0x47};
static const uint8_t plain[TEXT_BYTES] = {0x64, 0x72, 0x61, 0x66, 0x74, 0x2d, 0x69,
                                          0x65, 0x74, 0x66, 0x2d, 0x73, 0x66, 0x72,
                                          0x61, 0x6d, 0x65, 0x2d, 0x65, 0x6e, 0x63};

/* Text, then tag. */
static const struct answer {
    uint16_t suite;
    uint8_t sealed[TEXT_BYTES + RS_TAG_MAX_BYTES];
} answers[] = {
    /* RFC 9605 appendix C.3 */
    {0x0005, {0x94, 0xf5, 0x09, 0xd3, 0x6e, 0x9b, 0xea, 0xcb, 0x0e, 0x26, 0x1d, 0x99, 0xc7,
              0xd1, 0xe9, 0x72, 0xf1, 0xfe, 0xd7, 0x87, 0xd4, 0x04, 0x9f, 0x17, 0xca, 0x21,
              0x35, 0x3c, 0x1c, 0xc2, 0x4d, 0x56, 0xce, 0xab, 0xce, 0xd2, 0x79}},
    /* draft-barnes-sframe-iana-256 */
    {0x0006, {0xb3, 0x69, 0xe0, 0x3e, 0xc6, 0x46, 0x7a, 0xd5, 0x05, 0xdd, 0xc8,
              0x49, 0x14, 0x11, 0x50, 0x69, 0x28, 0x0c, 0x5c, 0x79, 0x75, 0x55,
              0xbe, 0x6e, 0x32, 0xcd, 0xe6, 0xac, 0x25, 0xbc, 0x9e}},
    /* openssl mac, kdf and enc 3.0 */
    {0xf001, {0x9a, 0x8e, 0x45, 0x90, 0x73, 0x90, 0x69, 0xb6, 0xd5, 0xba, 0x4c,
              0xab, 0x80, 0x8e, 0x16, 0x85, 0x40, 0xf9, 0xcf, 0xc6, 0xa7}},
};

static const struct answer *find_answer(const struct rs_suite *suite)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].suite == suite->number)
            return &answers[i];
    }
    return NULL;
}

/* Seals, opens, and where there is a tag has one bit of it refused. */
static bool answers_right(struct rs_cipher *cipher, const struct rs_suite *suite,
                          const struct answer *answer, const struct rs_cipher_keys *keys)
{
    uint8_t message[RS_AAD_HEADROOM + AAD_BYTES + TEXT_BYTES + RS_TEXT_TAILROOM];
    uint8_t text[TEXT_BYTES], tag[RS_TAG_MAX_BYTES];
    struct rs_crypt crypt = {.keys = keys,
                             .ctr = ctr,
                             .aad = message + RS_AAD_HEADROOM,
                             .text = text,
                             .tag = tag,
                             .aad_bytes = AAD_BYTES,
                             .text_bytes = TEXT_BYTES};

    memcpy(crypt.aad, aad, sizeof(aad));
    memcpy(text, plain, sizeof(plain));
    if (rs_cipher_seal_burst(cipher, suite, &crypt, 1) != 0 ||
        memcmp(text, answer->sealed, TEXT_BYTES) != 0 ||
        memcmp(tag, answer->sealed + TEXT_BYTES, suite->nt) != 0)
        return false;
    tag[0] ^= 1;
    if (suite->nt > 0 && (rs_cipher_open_burst(cipher, suite, &crypt, 1) != 0 || crypt.verified))
        return false;
    tag[0] ^= 1;
    return rs_cipher_open_burst(cipher, suite, &crypt, 1) == 0 && crypt.verified &&
           memcmp(text, plain, sizeof(plain)) == 0;
}

int rs_cipher_self_test(struct rs_cipher *cipher, const struct rs_suite *suite)
{
    const struct answer *answer = find_answer(suite);
    uint8_t secret[RS_HASH_MAX_BYTES];
    struct rs_cipher_keys keys;

    if (answer == NULL)
        return -EIO;
    rs_cipher_extract(cipher, suite->hash, base_key, sizeof(base_key), secret);
    rs_cipher_derive(cipher, suite, secret, kid, &keys);
    return answers_right(cipher, suite, answer, &keys) ? 0 : -EIO;
}
