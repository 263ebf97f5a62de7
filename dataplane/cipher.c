/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine: choosing IPsec-MB's code for the CPU, deriving a sender's keys, and handing a burst
 * to its suite's method. How each method seals is in the other cipher_*.c files.
 */
#include "cipher.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cipher_internal.h"
#include "secret.h"

enum { CACHE_LINE = 64 };

static const struct rs_method_ops *const methods[RS_METHODS] = {
    [RS_METHOD_CTR_HMAC] = &rs_method_ctr_hmac,
    [RS_METHOD_GCM] = &rs_method_gcm,
    [RS_METHOD_CTR] = &rs_method_ctr,
};

/* Best last: RS_ISA_AUTO takes the last that the CPU has, which then has those before it, too. */
static const struct isa {
    enum rs_isa isa;
    const char *name;
    uint64_t features;
    void (*init)(IMB_MGR *mgr);
} isas[] = {
    {RS_ISA_SSE, "SSE", IMB_CPUFLAGS_SSE, init_mb_mgr_sse},
    {RS_ISA_AVX2, "AVX2", IMB_CPUFLAGS_AVX2, init_mb_mgr_avx2},
    {RS_ISA_AVX512, "AVX512", IMB_CPUFLAGS_AVX512, init_mb_mgr_avx512},
};

static const struct isa *choose_isa(enum rs_isa wanted, uint64_t features)
{
    const struct isa *best = NULL;

    for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
        const struct isa *row = &isas[i];

        if ((wanted == RS_ISA_AUTO || wanted == row->isa) &&
            (features & row->features) == row->features)
            best = row;
    }
    return best;
}

/* Returns NULL with errno set. */
static IMB_MGR *create_manager(enum rs_isa wanted, const struct isa **chosen)
{
    IMB_MGR *mgr = alloc_mb_mgr(0);
    const struct isa *isa;

    if (mgr == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    isa = choose_isa(wanted, mgr->features);
    if (isa != NULL)
        isa->init(mgr);
    if (isa == NULL || imb_get_errno(mgr) != 0) {
        free_mb_mgr(mgr);
        errno = ENOTSUP;
        return NULL;
    }
    *chosen = isa;
    return mgr;
}

static void free_manager(IMB_MGR *mgr)
{
    if (mgr != NULL)
        free_mb_mgr(mgr);
}

void rs_cipher_destroy(struct rs_cipher *cipher)
{
    if (cipher == NULL)
        return;
    rs_random_destroy(cipher->random);
    rs_secret_unmap(cipher->alone, sizeof(*cipher->alone));
    free_manager(cipher->plain);
    free_manager(cipher->few);
    free_manager(cipher->mgr);
    free(cipher);
}

/* Returns 0 or -1 with errno set; rs_cipher_destroy frees what there is. */
static int init(struct rs_cipher *cipher, enum rs_isa wanted)
{
    const struct isa *isa, *unused;

    cipher->mgr = create_manager(wanted, &isa);
    if (cipher->mgr == NULL)
        return -1;
    cipher->isa_name = isa->name;
    rs_ctr_init_jobs(cipher);
    cipher->few = create_manager(isa->isa == RS_ISA_AVX512 ? RS_ISA_AVX2 : isa->isa, &unused);
    cipher->plain = create_manager(RS_ISA_SSE, &unused);
    if (cipher->few == NULL || cipher->plain == NULL)
        return -1;
    cipher->alone = rs_secret_map(sizeof(*cipher->alone));
    if (cipher->alone == NULL)
        return -1;
    cipher->random = rs_random_create();
    return cipher->random != NULL ? 0 : -1;
}

struct rs_cipher *rs_cipher_create(enum rs_isa isa)
{
    struct rs_cipher *cipher = aligned_alloc(alignof(struct rs_cipher), sizeof(*cipher));
    int error;

    if (cipher == NULL)
        return NULL;
    memset(cipher, 0, sizeof(*cipher));
    if (init(cipher, isa) == 0)
        return cipher;
    error = errno;
    rs_cipher_destroy(cipher);
    errno = error;
    return NULL;
}

const char *rs_cipher_isa_name(const struct rs_cipher *cipher)
{
    return cipher->isa_name;
}

const char *rs_cipher_library_version(void)
{
    return imb_get_version_str();
}

size_t rs_cipher_keys_bytes(void)
{
    return sizeof(struct rs_cipher_keys);
}

size_t rs_cipher_keys_bytes_of(const struct rs_suite *suite)
{
    return methods[suite->method]->keys_bytes;
}

void rs_cipher_expand_keys(struct rs_cipher *cipher, const struct rs_suite *suite,
                           const uint8_t *sframe_key, const uint8_t sframe_salt[RS_NONCE_BYTES],
                           struct rs_cipher_keys *keys)
{
    memcpy(keys->salt, sframe_salt, RS_NONCE_BYTES);
    methods[suite->method]->expand_keys(cipher, suite, sframe_key, keys);
}

/* The label, be64(KID), be16(suite): RFC 9605 section 4.4.2. Returns its bytes. */
static size_t write_info(const char *label, uint64_t kid, uint16_t suite_number, uint8_t *info)
{
    const size_t label_bytes = strlen(label);

    memcpy(info, label, label_bytes);
    rs_store_be64(info + label_bytes, kid);
    info[label_bytes + 8] = (uint8_t)(suite_number >> 8);
    info[label_bytes + 9] = (uint8_t)suite_number;
    return label_bytes + 10;
}

void rs_cipher_derive(struct rs_cipher *cipher, const struct rs_suite *suite,
                      const uint8_t secret[RS_HASH_MAX_BYTES], uint64_t kid,
                      struct rs_cipher_keys *keys)
{
    uint8_t key_info[64], salt_info[64];
    uint8_t key[RS_KEY_MAX_BYTES], salt[RS_NONCE_BYTES];
    const struct rs_expansion expansions[] = {
        {key_info, write_info("SFrame 1.0 Secret key ", kid, suite->number, key_info), key,
         suite->nk},
        {salt_info, write_info("SFrame 1.0 Secret salt ", kid, suite->number, salt_info), salt,
         sizeof(salt)},
    };

    rs_hkdf_expand(cipher, &rs_hash_ops[suite->hash], secret, expansions, 2);
    rs_cipher_expand_keys(cipher, suite, key, salt, keys);
    rs_secret_wipe(key, sizeof(key));
    rs_secret_wipe(salt, sizeof(salt));
}

void rs_cipher_prefetch(const struct rs_suite *suite, const struct rs_cipher_keys *keys)
{
    const uint8_t *at = (const uint8_t *)keys, *end = at + methods[suite->method]->keys_bytes;

    /* Into the second level: the first has no room for those of a burst. */
    for (; at < end; at += CACHE_LINE)
        __builtin_prefetch(at, 0, 2);
}

int rs_cipher_seal_burst(struct rs_cipher *cipher, const struct rs_suite *suite,
                         struct rs_crypt *crypts, unsigned int n)
{
    assert(n <= RS_BURST_MAX);
    return n == 0 ? 0 : methods[suite->method]->seal(cipher, suite, crypts, n);
}

int rs_cipher_open_burst(struct rs_cipher *cipher, const struct rs_suite *suite,
                         struct rs_crypt *crypts, unsigned int n)
{
    int status;

    assert(n <= RS_BURST_MAX);
    status = n == 0 ? 0 : methods[suite->method]->open(cipher, suite, crypts, n);
    for (unsigned int i = 0; status != 0 && i < n; i++)
        crypts[i].verified = false;
    return status;
}
