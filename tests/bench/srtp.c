/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of libsrtp2 as the system has it, on CPU 1, for the cells that standard input
 * asks for (cells.h): SRTP with AES-256 and no tag, an 80-bit HMAC-SHA-1, or GCM, where a suite
 * has no tag, an HMAC, or GCM. Debian builds it with NSS and with SHA-1 in C, which is several
 * times slower than with OpenSSL: it says what that package costs, and nothing about SRTP.
 */
#include <string.h>

#include <srtp2/srtp.h>
#include <x86intrin.h>

#include "tests/bench/bench.h"
#include "tests/bench/buffers.h"

enum { SSRC = 0x5eed, ROUNDS_MAX = 1024, KEY_BYTES_MAX = 64 };

struct pair {
    srtp_t seal, open;
    const char *name;
    uint16_t sequence; /* of the last packet */
};

struct run {
    struct rs_cell cell; /* the last one, and its packets */
    struct rs_buffers *buffers;
    struct pair pairs[RS_METHODS];
};

static void require(srtp_err_status_t status)
{
    if (status != srtp_err_status_ok)
        rs_bench_fail("libsrtp2 refuses a call: %d", (int)status);
}

static void choose(enum rs_method method, srtp_crypto_policy_t *policy, const char **name)
{
    switch (method) {
    case RS_METHOD_GCM:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(policy);
        *name = "AEAD_AES_256_GCM";
        break;
    case RS_METHOD_CTR_HMAC:
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(policy);
        *name = "AES_256_CM_HMAC_SHA1_80";
        break;
    default:
        srtp_crypto_policy_set_aes_cm_256_null_auth(policy);
        *name = "AES_256_CM without a tag";
    }
}

static struct pair make_pair(enum rs_method method)
{
    unsigned char key[KEY_BYTES_MAX];
    srtp_policy_t policy = {.key = key, .window_size = 1024};
    struct pair pair = {.sequence = 0};

    for (unsigned int i = 0; i < sizeof(key); i++)
        key[i] = (unsigned char)(i * 37 + 11);
    choose(method, &policy.rtp, &pair.name);
    choose(method, &policy.rtcp, &pair.name);
    policy.ssrc = (srtp_ssrc_t){.type = ssrc_specific, .value = SSRC};
    require(srtp_create(&pair.seal, &policy));
    require(srtp_create(&pair.open, &policy));
    return pair;
}

/* Packets of one SSRC whose sequence goes on over all rounds, or they would be replays. */
static void write_headers(const struct run *run, struct pair *pair)
{
    const uint8_t ssrc[4] = {0, 0, SSRC >> 8, SSRC & 0xff};

    for (unsigned int i = 0; i < RS_CELL_FRAMES; i++) {
        uint8_t *rtp = run->buffers->buffers[i].rtp;

        pair->sequence++;
        rtp[2] = (uint8_t)(pair->sequence >> 8);
        rtp[3] = (uint8_t)pair->sequence;
        memcpy(rtp + 8, ssrc, sizeof(ssrc));
    }
}

static double take_all(const struct run *run, srtp_t session, int *lengths,
                       srtp_err_status_t (*call)(srtp_t, void *, int *))
{
    const uint64_t began = __rdtsc();

    for (unsigned int i = 0; i < RS_CELL_FRAMES; i++)
        require(call(session, run->buffers->buffers[i].rtp, &lengths[i]));
    return (double)(__rdtsc() - began) / RS_CELL_FRAMES;
}

/* Each round seals all packets and opens them: the wanted direction's time is kept. */
static struct rs_figure measure(void *context, const struct rs_cell *cell, const char **how)
{
    static int lengths[RS_CELL_FRAMES];
    double rounds[ROUNDS_MAX];
    struct run *run = context;
    struct pair *pair = &run->pairs[cell->suite->method];
    const uint64_t until = rs_bench_now_ms() + cell->ms;
    size_t count = 0;

    if (!rs_cell_same(&run->cell, cell)) {
        if (run->buffers != NULL)
            rs_buffers_destroy(run->buffers);
        run->buffers = rs_buffers_create(cell->payload_bytes);
        run->cell = *cell;
    }
    for (unsigned int i = 0; i < RS_CELL_FRAMES; i++)
        lengths[i] = (int)run->buffers->buffers[i].rtp_bytes;
    do {
        double sealing, opening;

        write_headers(run, pair);
        sealing = take_all(run, pair->seal, lengths, srtp_protect);
        opening = take_all(run, pair->open, lengths, srtp_unprotect);
        rounds[count++] = cell->direction == RS_SEAL ? sealing : opening;
    } while (rs_bench_now_ms() < until && count < ROUNDS_MAX);
    *how = pair->name;
    return rs_figure_of(rounds, count);
}

int main(void)
{
    static struct run run;
    const struct rs_cell_program program = {"srtp", measure, &run};

    rs_bench_pin(1);
    require(srtp_init());
    for (unsigned int m = 0; m < RS_METHODS; m++)
        run.pairs[m] = make_pair((enum rs_method)m);
    rs_cells_serve(&program);
    return 0;
}
