/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks a file of sealed payloads against the code that the packet path runs: derivation, packets
 * sealed and opened, and payloads that must be refused, each by its outcome's name. Codecs
 * that are not there are skipped, and counted; a suite that is not there is a failure.
 *
 *     vectors FILE [SSE|AVX2|AVX512]    with that code of IPsec-MB; else the best that the CPU has
 *
 * Exit code 0: all that ran passed, or the CPU has no such ISA; 1: a failure, or nothing ran; 2:
 * bad file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "dataplane/payload.h"
#include "tests/support/format.h"
#include "tests/support/hex.h"

enum { MAX_BYTES = RS_PAYLOAD_MAX_BYTES + RS_PAYLOAD_OVERHEAD_MAX, MAX_ROWS = 256 };

enum verdict { PASSED, FAILED, SKIPPED, VERDICTS };

/* One line of the summary. */
struct row {
    uint16_t suite;
    char codec[32];
    unsigned int counts[VERDICTS];
};

/* The group at hand, and what all of it is run with. */
struct bench {
    struct rs_cipher *cipher;
    struct rs_cipher_keys *keys, *expected_keys;
    const struct rs_suite *suite; /* NULL: not there */
    uint16_t suite_number;
    uint16_t key_tag;
    uint8_t secret[RS_HASH_MAX_BYTES];
    struct rs_payload payload;
    struct row rows[MAX_ROWS];
    size_t row_count;
};

struct bytes {
    uint8_t at[MAX_BYTES];
    size_t count;
};

static void bad_file(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void bad_file(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("vectors: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

/* ---- reading ------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (text == NULL)
        bad_file("\"%s\" is not there or not a string", name);
    return text;
}

static void bytes_of(const json_t *object, const char *name, struct bytes *out)
{
    out->count = rs_hex_decode(text_of(object, name), out->at, sizeof(out->at));
    if (out->count == SIZE_MAX)
        bad_file("\"%s\" is not hex, or too long", name);
}

static uint64_t hex_of(const json_t *object, const char *name)
{
    const char *text = text_of(object, name);
    char *end;
    const uint64_t value = strtoull(text, &end, 16);

    if (*text == '\0' || *end != '\0')
        bad_file("\"%s\" is not a number in hex", name);
    return value;
}

static uint64_t number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        bad_file("\"%s\" is not there or not a number", name);
    return (uint64_t)json_integer_value(value);
}

/* ---- counting ------------------------------------------------------------------------------ */

static void count(struct bench *bench, const char *codec, enum verdict verdict)
{
    struct row *row = bench->rows;
    struct row *const end = bench->rows + bench->row_count;

    while (row < end && (row->suite != bench->suite_number || strcmp(row->codec, codec) != 0))
        row++;
    if (row == end) {
        if (bench->row_count == MAX_ROWS)
            bad_file("more than %d suites and codecs", MAX_ROWS);
        bench->row_count++;
        row->suite = bench->suite_number;
        snprintf(row->codec, sizeof(row->codec), "%s", codec);
    }
    row->counts[verdict]++;
}

/* Says what is wrong with an item; always FAILED. */
static enum verdict wrong(const struct bench *bench, const char *name, const char *what)
{
    printf("FAIL suite 0x%04x: %s: %s\n", bench->suite_number, name, what);
    return FAILED;
}

/* ---- derivation ---------------------------------------------------------------------------- */

static bool base_key_is_right(const json_t *group, const struct bytes *base_key)
{
    char salt[10 + 128 + 1];
    const char *secret;
    uint8_t derived[64];

    if (json_object_get(group, "secret") == NULL)
        return true; /* given raw */
    secret = text_of(group, "secret");
    snprintf(salt, sizeof(salt), "rtpseal/1 %s", text_of(group, "session_id"));
    return PKCS5_PBKDF2_HMAC(secret, (int)strlen(secret), (const uint8_t *)salt, (int)strlen(salt),
                             220000, EVP_sha512(), sizeof(derived), derived) == 1 &&
           base_key->count == sizeof(derived) &&
           memcmp(base_key->at, derived, sizeof(derived)) == 0;
}

static enum verdict check_derivation(struct bench *bench, const json_t *group)
{
    struct bytes base_key, secret;
    char fingerprint[RS_FINGERPRINT_CHARS];

    bytes_of(group, "base_key", &base_key);
    bytes_of(group, "sframe_secret", &secret);
    rs_cipher_extract(bench->cipher, bench->suite->hash, base_key.at, base_key.count,
                      bench->secret);
    bench->key_tag = rs_key_tag(bench->cipher, bench->suite->hash, bench->secret);
    rs_key_fingerprint(bench->cipher, bench->suite->hash, bench->secret, fingerprint);
    if (!base_key_is_right(group, &base_key))
        return wrong(bench, "group", "base_key");
    if (secret.count == 0 || secret.count > sizeof(bench->secret) ||
        memcmp(secret.at, bench->secret, secret.count) != 0)
        return wrong(bench, "group", "sframe_secret");
    if (bench->key_tag != hex_of(group, "key_tag"))
        return wrong(bench, "group", "key_tag");
    if (strcmp(fingerprint, text_of(group, "fingerprint")) != 0)
        return wrong(bench, "group", "fingerprint");
    return PASSED;
}

/* Derives the sender's keys. Whether they are those that sframe_key and sframe_salt expand to. */
static bool sender_keys_are_right(struct bench *bench, const json_t *packet, uint64_t kid)
{
    struct bytes key, salt;

    bytes_of(packet, "sframe_key", &key);
    bytes_of(packet, "sframe_salt", &salt);
    if (key.count != bench->suite->nk || salt.count != RS_NONCE_BYTES)
        return false;
    memset(bench->keys, 0, rs_cipher_keys_bytes());
    memset(bench->expected_keys, 0, rs_cipher_keys_bytes());
    rs_cipher_derive(bench->cipher, bench->suite, bench->secret, kid, bench->keys);
    rs_cipher_expand_keys(bench->cipher, bench->suite, key.at, salt.at, bench->expected_keys);
    return memcmp(bench->keys, bench->expected_keys, rs_cipher_keys_bytes()) == 0;
}

/* ---- packets ------------------------------------------------------------------------------- */

/* Seals in place. Returns whether it went through. */
static bool seal(struct bench *bench, struct rs_format format, uint64_t kid, uint64_t ctr,
                 struct bytes *bytes)
{
    struct rs_crypt crypt;

    if (rs_payload_prepare_seal(&bench->payload, bench->suite, format, bytes->at, bytes->count, kid,
                                ctr, &crypt) != RS_SEALED)
        return false;
    crypt.keys = bench->keys;
    if (rs_cipher_seal_burst(bench->cipher, bench->suite, &crypt, 1) != 0)
        return false;
    bytes->count = rs_payload_finish_seal(&bench->payload, &crypt);
    return true;
}

/* Opens in place, with keys derived for the KID that the payload names. */
static enum rs_outcome open(struct bench *bench, struct rs_format format, struct bytes *bytes)
{
    struct rs_trailer trailer;
    struct rs_crypt crypt;
    enum rs_outcome outcome = rs_payload_parse(bytes->at, bytes->count, bench->suite, &trailer);

    if (outcome != RS_OPENED)
        return outcome;
    if (rs_kid_key_tag(trailer.kid) != bench->key_tag)
        return RS_SECRET_MISMATCH;
    outcome = rs_payload_prepare_open(&bench->payload, bench->suite, format, &trailer, bytes->at,
                                      bytes->count, &crypt);
    if (outcome != RS_OPENED)
        return outcome;
    rs_cipher_derive(bench->cipher, bench->suite, bench->secret, trailer.kid, bench->keys);
    crypt.keys = bench->keys;
    if (rs_cipher_open_burst(bench->cipher, bench->suite, &crypt, 1) != 0)
        return RS_CIPHER_ERROR;
    if (!crypt.verified)
        return RS_AUTH_FAILED;
    bytes->count = rs_payload_finish_open(&bench->payload, &crypt);
    return RS_OPENED;
}

static bool same(const struct bytes *a, const struct bytes *b)
{
    return a->count == b->count && memcmp(a->at, b->at, a->count) == 0;
}

static enum verdict check_packet(struct bench *bench, const json_t *packet, struct rs_format format)
{
    const char *name = text_of(packet, "name");
    const uint64_t kid =
        rs_kid_make(hex_of(packet, "sender_id"), bench->suite->code, bench->key_tag);
    const uint64_t ctr =
        rs_ctr_make((uint32_t)hex_of(packet, "ctr_prefix"), (uint32_t)number_of(packet, "count"));
    struct bytes plain, sealed, bytes;

    bytes_of(packet, "plain", &plain);
    bytes_of(packet, "sealed", &sealed);
    if (plain.count == 0)
        bad_file("an empty payload is never sealed");
    if (kid != hex_of(packet, "kid") || ctr != hex_of(packet, "ctr"))
        return wrong(bench, name, "KID or CTR");
    if (!sender_keys_are_right(bench, packet, kid))
        return wrong(bench, name, "sframe_key or sframe_salt");
    bytes = plain;
    if (!seal(bench, format, kid, ctr, &bytes) || !same(&bytes, &sealed))
        return wrong(bench, name, "sealed otherwise");
    bytes = sealed;
    if (open(bench, format, &bytes) != RS_OPENED || !same(&bytes, &plain))
        return wrong(bench, name, "opened otherwise");
    return PASSED;
}

static enum verdict check_reject(struct bench *bench, const json_t *reject, struct rs_format format)
{
    const char *name = text_of(reject, "name");
    struct bytes sealed, bytes;
    enum rs_outcome outcome;

    bytes_of(reject, "sealed", &sealed);
    bytes = sealed;
    outcome = open(bench, format, &bytes);
    if (strcmp(rs_outcome_name(outcome), text_of(reject, "outcome")) != 0)
        return wrong(bench, name, rs_outcome_name(outcome));
    if (!same(&bytes, &sealed))
        return wrong(bench, name, "refused, and changed");
    return PASSED;
}

/* ---- the file ------------------------------------------------------------------------------ */

static void run_items(struct bench *bench, const json_t *group, const char *list,
                      enum verdict (*check)(struct bench *, const json_t *, struct rs_format))
{
    const json_t *items = json_object_get(group, list), *item;
    size_t i;

    if (!json_is_array(items))
        bad_file("\"%s\" is not there or not a list", list);
    json_array_foreach(items, i, item) {
        const char *name = text_of(item, "codec");
        const struct rs_format format = rs_test_format(name);
        const bool is_there = format.codec != NULL && bench->suite != NULL;

        count(bench, name, is_there ? check(bench, item, format) : SKIPPED);
    }
}

static void run_group(struct bench *bench, const json_t *group)
{
    bench->suite_number = (uint16_t)number_of(group, "suite");
    bench->suite = rs_suite_find_number(bench->suite_number);
    count(bench, "(derivation)",
          bench->suite == NULL ? wrong(bench, "group", "there is no such suite")
                               : check_derivation(bench, group));
    run_items(bench, group, "packets", check_packet);
    run_items(bench, group, "rejects", check_reject);
}

/* Returns the exit code. */
static int print_summary(const struct bench *bench)
{
    unsigned int sums[VERDICTS] = {0};

    for (size_t i = 0; i < bench->row_count; i++) {
        const struct row *row = &bench->rows[i];
        const struct rs_suite *suite = rs_suite_find_number(row->suite);

        printf("0x%04x %-28s %-14s %4u ran, %4u skipped\n", row->suite,
               suite == NULL ? "(not there)" : suite->name, row->codec,
               row->counts[PASSED] + row->counts[FAILED], row->counts[SKIPPED]);
        for (int verdict = 0; verdict < VERDICTS; verdict++)
            sums[verdict] += row->counts[verdict];
    }
    printf("%u passed, %u failed, %u skipped\n", sums[PASSED], sums[FAILED], sums[SKIPPED]);
    return sums[FAILED] > 0 || sums[PASSED] == 0 ? 1 : 0;
}

/* Returns NULL where the CPU has no such ISA. */
static struct rs_cipher *create_cipher(const char *name)
{
    static const char *const names[] = {"", "SSE", "AVX2", "AVX512"};
    struct rs_cipher *cipher;
    int isa = RS_ISA_AUTO;

    while (isa <= RS_ISA_AVX512 && strcmp(name, names[isa]) != 0)
        isa++;
    if (isa > RS_ISA_AVX512)
        bad_file("%s is none of SSE, AVX2 and AVX512", name);
    cipher = rs_cipher_create((enum rs_isa)isa);
    if (cipher == NULL && errno != ENOTSUP)
        bad_file("the cipher does not start: %s", strerror(errno));
    if (cipher != NULL)
        printf("IPsec-MB %s, %s\n", rs_cipher_library_version(), rs_cipher_isa_name(cipher));
    return cipher;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    json_error_t error;
    json_t *file, *group;
    size_t i;
    int status;

    if (argc != 2 && argc != 3)
        bad_file("usage: vectors FILE [SSE|AVX2|AVX512]");
    file = json_load_file(argv[1], 0, &error);
    if (!json_is_array(file))
        bad_file("%s: %s", argv[1], file == NULL ? error.text : "not a list of groups");
    bench.cipher = create_cipher(argc == 3 ? argv[2] : "");
    if (bench.cipher == NULL) {
        printf("SKIP vectors: the CPU has no %s\nvectors: 0 passed, 0 failed, 1 skipped\n",
               argc == 3 ? argv[2] : "AES-NI");
        json_decref(file);
        return 0;
    }
    bench.keys = aligned_alloc(64, rs_cipher_keys_bytes());
    bench.expected_keys = aligned_alloc(64, rs_cipher_keys_bytes());
    if (bench.keys == NULL || bench.expected_keys == NULL) {
        perror("vectors");
        return 1;
    }
    json_array_foreach(file, i, group)
        run_group(&bench, group);
    status = print_summary(&bench);
    free(bench.expected_keys);
    free(bench.keys);
    rs_cipher_destroy(bench.cipher);
    json_decref(file);
    return status;
}
