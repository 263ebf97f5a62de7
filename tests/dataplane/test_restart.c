/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A restart with the same base key never repeats a (KID, CTR). What is restarted, a thousand times,
 * each time in a process of its own that ends before the next begins: the worker's cipher with its
 * random generator, which seeds itself anew, the pool, the worker's senders, the session key and
 * the stream. EAL is not; test_kid restarts a whole process with it.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/wire.h"
#include "tests/support/runner.h"
#include "tests/support/sender_bench.h"

enum { RESTARTS = 1000, SENDERS = 4, COUNTS = 8, PAIRS = SENDERS * COUNTS };

struct pair {
    uint64_t kid, ctr;
};

static struct pair pairs[RESTARTS * PAIRS];

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->kid != y->kid)
        return x->kid > y->kid ? 1 : -1;
    return (x->ctr > y->ctr) - (x->ctr < y->ctr);
}

/* Seals nothing, but takes what sealing would: a stream's first sender, and three that replace it.
 */
static void live(struct pair *taken)
{
    struct rs_sender_bench bench;
    struct rs_stream_slot *slot;

    rs_sender_bench_set_up(&bench, 64, RS_SEAL, "AES_256_CTR_HMAC_SHA512_80");
    slot = rs_sender_bench_slot(&bench);
    for (unsigned int s = 0; s < SENDERS; s++) {
        struct rs_sender *sender = rs_sender_new_to_seal(bench.senders, slot, bench.key);

        for (unsigned int c = 0; c < COUNTS; c++)
            *taken++ = (struct pair){sender->kid, rs_sender_next_ctr(sender)};
    }
    rs_sender_bench_tear_down(&bench);
}

static void child(int fd)
{
    struct pair taken[PAIRS];

    live(taken);
    _exit(write(fd, taken, sizeof(taken)) == (ssize_t)sizeof(taken) ? 0 : 1);
}

static void restart(struct pair *taken)
{
    int fds[2], status = -1;
    pid_t pid;

    CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
    pid = fork();
    CU_ASSERT_FATAL(pid >= 0);
    if (pid == 0)
        child(fds[1]);
    close(fds[1]);
    CU_ASSERT_EQUAL(read(fds[0], taken, PAIRS * sizeof(*taken)), (ssize_t)(PAIRS * sizeof(*taken)));
    close(fds[0]);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL_FATAL(status, 0);
}

static void a_thousand_restarts_with_one_base_key_repeat_no_pair(void)
{
    size_t kids = 1;

    for (unsigned int i = 0; i < RESTARTS; i++) {
        restart(&pairs[i * PAIRS]);
        /* The same key each time: otherwise there would be nothing to repeat. */
        CU_ASSERT_EQUAL(rs_kid_key_tag(pairs[i * PAIRS].kid), rs_kid_key_tag(pairs[0].kid));
    }
    qsort(pairs, RESTARTS * PAIRS, sizeof(pairs[0]), compare_pairs);
    for (size_t i = 1; i < RESTARTS * PAIRS; i++) {
        CU_ASSERT(pairs[i].kid != pairs[i - 1].kid || pairs[i].ctr != pairs[i - 1].ctr);
        kids += pairs[i].kid != pairs[i - 1].kid;
    }
    CU_ASSERT_EQUAL(kids, RESTARTS * SENDERS);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_thousand_restarts_with_one_base_key_repeat_no_pair",
         a_thousand_restarts_with_one_base_key_repeat_no_pair},
    };

    if (!rs_sender_bench_start_eal())
        return 2;
    return rs_test_main("restart", tests, sizeof(tests) / sizeof(tests[0]));
}
