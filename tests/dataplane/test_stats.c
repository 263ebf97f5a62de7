/* SPDX-License-Identifier: BSD-3-Clause */
/* Outcomes and their names, written out by hand: operators' queries hang on them. */
#include "dataplane/stats.h"

#include <string.h>

#include "tests/support/runner.h"

static const char *const passes[] = {
    "sealed", "opened", "empty", "injected", "passed", "bridged",
    "rtcp",   "stun",   "dtls",  "zrtp",     "quic",
};

static const char *const drops[] = {
    "truncated",       "segmented",    "fragment",
    "quoted_media",    "bad_checksum", "tunnelled",
    "opaque",          "no_stream",    "no_key",
    "no_capacity",     "no_tailroom",  "too_big",
    "cipher_error",    "not_sealed",   "bad_version",
    "suite_mismatch",  "replay",       "unknown_payload_type",
    "secret_mismatch", "malformed",    "sender_limit",
    "auth_failed",     "tx_full",      "worker_full",
};

enum { PASSES = sizeof(passes) / sizeof(passes[0]), DROPS = sizeof(drops) / sizeof(drops[0]) };

/* The outcome of that name, or RS_OUTCOMES unless there is exactly one. */
static enum rs_outcome find_outcome(const char *name)
{
    enum rs_outcome found = RS_OUTCOMES;
    int matches = 0;

    for (unsigned int i = 0; i < RS_OUTCOMES; i++) {
        const char *candidate = rs_outcome_name((enum rs_outcome)i);

        if (candidate != NULL && strcmp(candidate, name) == 0) {
            found = (enum rs_outcome)i;
            matches++;
        }
    }
    return matches == 1 ? found : RS_OUTCOMES;
}

static void every_outcome_has_a_name_of_its_own(void)
{
    CU_ASSERT_EQUAL(RS_OUTCOMES, PASSES + DROPS);
    for (unsigned int i = 0; i < RS_OUTCOMES; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(rs_outcome_name((enum rs_outcome)i));
        CU_ASSERT_EQUAL(find_outcome(rs_outcome_name((enum rs_outcome)i)), i);
    }
}

static void each_name_is_a_pass_or_a_drop_as_specified(void)
{
    for (size_t i = 0; i < PASSES; i++) {
        CU_ASSERT_NOT_EQUAL_FATAL(find_outcome(passes[i]), RS_OUTCOMES);
        CU_ASSERT_FALSE(rs_outcome_is_drop(find_outcome(passes[i])));
    }
    for (size_t i = 0; i < DROPS; i++) {
        CU_ASSERT_NOT_EQUAL_FATAL(find_outcome(drops[i]), RS_OUTCOMES);
        CU_ASSERT(rs_outcome_is_drop(find_outcome(drops[i])));
    }
}

static void names_stand_for_the_values_that_the_code_uses(void)
{
    CU_ASSERT_EQUAL(find_outcome("sealed"), RS_SEALED);
    CU_ASSERT_EQUAL(find_outcome("quic"), RS_QUIC);
    CU_ASSERT_EQUAL(find_outcome("opaque"), RS_OPAQUE);
    CU_ASSERT_EQUAL(find_outcome("no_key"), RS_NO_KEY);
    CU_ASSERT_EQUAL(find_outcome("replay"), RS_REPLAY);
    CU_ASSERT_EQUAL(find_outcome("secret_mismatch"), RS_SECRET_MISMATCH);
    CU_ASSERT_EQUAL(find_outcome("auth_failed"), RS_AUTH_FAILED);
    CU_ASSERT_EQUAL(find_outcome("tx_full"), RS_TX_FULL);
}

static void adding_counters_adds_each_field_to_its_own(void)
{
    struct rs_counters sum = {.packets_in = 1, .bytes_in = 2, .packets_out = 3, .bytes_out = 4};
    struct rs_counters from = {
        .packets_in = 10, .bytes_in = UINT64_C(1) << 40, .packets_out = 30, .bytes_out = 40};

    for (unsigned int i = 0; i < RS_OUTCOMES; i++) {
        sum.outcomes[i] = 1000;
        from.outcomes[i] = i;
    }
    rs_counters_add(&sum, &from);
    CU_ASSERT_EQUAL(sum.packets_in, 11);
    CU_ASSERT_EQUAL(sum.bytes_in, (UINT64_C(1) << 40) + 2);
    CU_ASSERT_EQUAL(sum.packets_out, 33);
    CU_ASSERT_EQUAL(sum.bytes_out, 44);
    for (unsigned int i = 0; i < RS_OUTCOMES; i++) {
        CU_ASSERT_EQUAL(sum.outcomes[i], 1000 + i);
        CU_ASSERT_EQUAL(from.outcomes[i], i);
    }
}

/* Written out by hand, as what the stages behind the lookup name. */
static void a_stream_has_a_counter_for_all_that_its_packets_can_meet(void)
{
    static const char *const met[] = {
        "sealed",      "opened",          "empty",        "injected",
        "passed",      "bad_checksum",    "no_key",       "no_capacity",
        "no_tailroom", "too_big",         "cipher_error", "not_sealed",
        "bad_version", "suite_mismatch",  "replay",       "unknown_payload_type",
        "malformed",   "secret_mismatch", "sender_limit", "auth_failed",
        "tx_full",
    };
    const size_t count = sizeof(met) / sizeof(met[0]);
    struct rs_stream_counters of_stream = {.in_out = {10, 20, 30, 40}};
    struct rs_counters sum = {.packets_in = 1, .bytes_in = 2, .packets_out = 3, .bytes_out = 4};
    uint64_t added = 0;

    CU_ASSERT_EQUAL_FATAL(RS_STREAM_OUTCOMES, count);
    for (size_t i = 0; i < count; i++)
        *rs_stream_count(&of_stream, find_outcome(met[i])) += 100 + i;
    rs_counters_add_stream(&sum, &of_stream);
    CU_ASSERT_EQUAL(sum.packets_in, 11);
    CU_ASSERT_EQUAL(sum.bytes_in, 22);
    CU_ASSERT_EQUAL(sum.packets_out, 33);
    CU_ASSERT_EQUAL(sum.bytes_out, 44);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(sum.outcomes[find_outcome(met[i])], 100 + i);
        CU_ASSERT_EQUAL(rs_stream_counters_get(&of_stream, find_outcome(met[i])), 100 + i);
    }
    for (unsigned int i = 0; i < RS_OUTCOMES; i++)
        added += sum.outcomes[i];
    CU_ASSERT_EQUAL(added, 100 * count + count * (count - 1) / 2);
}

static const struct rs_test tests[] = {
    {"every_outcome_has_a_name_of_its_own", every_outcome_has_a_name_of_its_own},
    {"each_name_is_a_pass_or_a_drop_as_specified", each_name_is_a_pass_or_a_drop_as_specified},
    {"names_stand_for_the_values_that_the_code_uses",
     names_stand_for_the_values_that_the_code_uses},
    {"adding_counters_adds_each_field_to_its_own", adding_counters_adds_each_field_to_its_own},
    {"a_stream_has_a_counter_for_all_that_its_packets_can_meet",
     a_stream_has_a_counter_for_all_that_its_packets_can_meet},
};

int main(void)
{
    return rs_test_main("stats", tests, sizeof(tests) / sizeof(tests[0]));
}
