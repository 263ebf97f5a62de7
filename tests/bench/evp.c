/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of OpenSSL's EVP for the same payloads, on CPU 1, for the cells that standard
 * input asks for (cells.h): what one would seal with otherwise. Contexts are prepared once per
 * stream; a packet brings its IV, its data, and its tag.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "tests/bench/bench.h"
#include "tests/bench/buffers.h"

enum { IV_BYTES = 16, KEY_BYTES = 32, DIGEST_BYTES = 64 };

/* An HMAC's context for each packet: a copy of the stream's, or the stream's own begun anew. */
enum mac_way { MAC_COPIED, MAC_BEGUN, MAC_WAYS };

static const char *const mac_names[MAC_WAYS] = {"EVP_MAC_CTX_dup", "EVP_MAC_init"};

struct run {
    struct rs_buffers *buffers;
    const struct rs_suite *suite;
    enum rs_direction direction;
    enum mac_way mac_way;
    EVP_CIPHER_CTX *ctr, *seal_gcm, *open_gcm;
    EVP_MAC_CTX *mac;
    unsigned int verified;
    struct rs_cell cell; /* the last one */
};

static void require(int ok)
{
    if (ok != 1)
        rs_bench_fail("OpenSSL refuses a call");
}

static void write_iv(uint8_t iv[IV_BYTES], uint64_t ctr)
{
    memset(iv, 0, IV_BYTES);
    memcpy(iv + 4, &ctr, sizeof(ctr));
}

static void run_ctr(const struct run *run, const struct rs_buffer *buffer, uint64_t ctr)
{
    uint8_t iv[IV_BYTES];
    int bytes;

    write_iv(iv, ctr);
    require(EVP_EncryptInit_ex(run->ctr, NULL, NULL, NULL, iv));
    require(EVP_EncryptUpdate(run->ctr, buffer->payload, &bytes, buffer->payload,
                              (int)buffer->payload_bytes));
}

static void run_mac(const struct run *run, const struct rs_buffer *buffer, uint8_t *digest)
{
    EVP_MAC_CTX *mac = run->mac_way == MAC_COPIED ? EVP_MAC_CTX_dup(run->mac) : run->mac;
    size_t bytes;

    if (run->mac_way == MAC_BEGUN)
        require(EVP_MAC_init(mac, NULL, 0, NULL));
    require(EVP_MAC_update(mac, buffer->payload - RS_BUFFER_MESSAGE_BYTES,
                           RS_BUFFER_MESSAGE_BYTES + (size_t)buffer->payload_bytes));
    require(EVP_MAC_final(mac, digest, &bytes, DIGEST_BYTES));
    if (run->mac_way == MAC_COPIED)
        EVP_MAC_CTX_free(mac);
}

static bool run_ctr_hmac(const struct run *run, const struct rs_buffer *buffer, uint64_t ctr)
{
    uint8_t digest[DIGEST_BYTES], *tag = buffer->payload + buffer->payload_bytes;
    bool verified = true;

    if (run->direction == RS_SEAL)
        run_ctr(run, buffer, ctr);
    run_mac(run, buffer, digest);
    if (run->direction == RS_SEAL) {
        memcpy(tag, digest, run->suite->nt);
    } else {
        verified = CRYPTO_memcmp(tag, digest, run->suite->nt) == 0;
        run_ctr(run, buffer, ctr);
    }
    return verified;
}

static bool run_gcm(const struct run *run, const struct rs_buffer *buffer, uint64_t ctr)
{
    const bool seals = run->direction == RS_SEAL;
    EVP_CIPHER_CTX *gcm = seals ? run->seal_gcm : run->open_gcm;
    const uint8_t *aad = buffer->payload - RS_BUFFER_AAD_BYTES;
    uint8_t iv[IV_BYTES], *tag = buffer->payload + buffer->payload_bytes;
    bool verified;
    int bytes;

    write_iv(iv, ctr);
    require(EVP_CipherInit_ex(gcm, NULL, NULL, NULL, iv, -1));
    if (!seals)
        require(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, run->suite->nt, tag));
    require(EVP_CipherUpdate(gcm, NULL, &bytes, aad, RS_BUFFER_AAD_BYTES));
    require(EVP_CipherUpdate(gcm, buffer->payload, &bytes, buffer->payload,
                             (int)buffer->payload_bytes));
    verified = EVP_CipherFinal_ex(gcm, buffer->payload + bytes, &bytes) == 1;
    if (seals)
        require(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, run->suite->nt, tag));
    return verified;
}

static void take(void *context, unsigned int first, unsigned int n)
{
    struct run *run = context;

    for (unsigned int i = first; i < first + n; i++) {
        const struct rs_buffer *buffer = &run->buffers->buffers[i];

        switch (run->suite->method) {
        case RS_METHOD_CTR_HMAC:
            run->verified += run_ctr_hmac(run, buffer, i);
            break;
        case RS_METHOD_GCM:
            run->verified += run_gcm(run, buffer, i);
            break;
        default:
            run_ctr(run, buffer, i);
            run->verified++;
        }
    }
}

/* Everything sealed opens again; afterwards a wrong tag costs what a right one does. */
static void check(struct run *run)
{
    for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
        run->direction = (enum rs_direction)d;
        run->verified = 0;
        take(run, 0, RS_CELL_FRAMES);
        if (run->verified != RS_CELL_FRAMES)
            rs_bench_fail("of %d packets %u verify", RS_CELL_FRAMES, run->verified);
    }
}

static EVP_CIPHER_CTX *prepare(const EVP_CIPHER *cipher, const uint8_t *key, int encrypts)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    require(context != NULL);
    require(EVP_CipherInit_ex(context, cipher, NULL, key, NULL, encrypts));
    return context;
}

static EVP_MAC_CTX *prepare_mac(const uint8_t *key)
{
    char digest[] = "SHA512";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context;

    require(mac != NULL);
    context = EVP_MAC_CTX_new(mac);
    require(context != NULL);
    require(EVP_MAC_init(context, key, DIGEST_BYTES, params));
    return context;
}

/* Fills the buffers, and checks each way, unless the last cell was the same. */
static void begin(struct run *run, const struct rs_cell *cell)
{
    if (rs_cell_same(&run->cell, cell))
        return;
    if (run->buffers != NULL)
        rs_buffers_destroy(run->buffers);
    run->buffers = rs_buffers_create(cell->payload_bytes);
    run->cell = *cell;
    run->suite = cell->suite;
    for (unsigned int way = 0; way < MAC_WAYS; way++) {
        run->mac_way = (enum mac_way)way;
        check(run);
    }
}

static struct rs_figure measure(void *context, const struct rs_cell *cell, const char **how)
{
    const bool has_mac = cell->suite->method == RS_METHOD_CTR_HMAC;
    struct rs_figure best = {.median = 0};
    struct run *run = context;

    begin(run, cell);
    for (unsigned int way = 0; way < (has_mac ? MAC_WAYS : 1); way++) {
        struct rs_figure figure;

        run->mac_way = (enum mac_way)way;
        run->direction = cell->direction;
        figure = rs_buffers_measure(32, take, run, cell->ms);
        if (way == 0 || figure.median < best.median) {
            best = figure;
            *how = has_mac ? mac_names[way] : NULL;
        }
    }
    return best;
}

int main(void)
{
    uint8_t key[KEY_BYTES + DIGEST_BYTES];
    struct run run = {.verified = 0};
    const struct rs_cell_program program = {"evp", measure, &run};

    rs_bench_pin(1);
    for (unsigned int i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(i * 37 + 11);
    run.ctr = prepare(EVP_aes_256_ctr(), key, 1);
    run.seal_gcm = prepare(EVP_aes_256_gcm(), key, 1);
    run.open_gcm = prepare(EVP_aes_256_gcm(), key, 0);
    run.mac = prepare_mac(key + KEY_BYTES);
    rs_cells_serve(&program);
    return 0;
}
