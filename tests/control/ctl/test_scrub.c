/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and secrets that are taken out of a document, and what looks like one and is none. */
#include "control/ctl/scrub.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/runner.h"

static const struct {
    const char *given, *made;
} rows[] = {
    {"198.51.100.20", "ip-1"},
    {"198.51.100.20:5004", "ip-1:5004"},
    {"198.51.100.0/24", "ip-1/24"},
    {"from 192.0.2.1 to 192.0.2.2, from 192.0.2.1", "from ip-1 to ip-2, from ip-1"},
    {"2001:db8::20", "ip-1"},
    {"[2001:db8::20]:5004", "[ip-1]:5004"},
    {"2001:db8:5::/48", "ip-1/48"},
    {"::1", "ip-1"},
    {"52:54:00:12:34:56", "mac-1"},
    {"eth0 52:54:00:12:34:56 192.0.2.1", "eth0 mac-1 ip-2"},
    {"0000:03:00.0", "0000:03:00.0"},
    {"22.11.11", "22.11.11"},
    {"2026-11-26T18:00:00.000000000Z", "2026-11-26T18:00:00.000000000Z"},
    {"16940 2c41", "16940 2c41"},
    {"a session: 1.5 s", "a session: 1.5 s"},
    {"", ""},
};

static void each_address_becomes_a_word(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *given = json_pack("[s]", rows[i].given), *made = rs_scrub_addresses(given);

        CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(made, 0)), rows[i].made);
        json_decref(given);
        json_decref(made);
    }
}

static void names_of_members_are_looked_at_and_all_else_stays(void)
{
    json_t *given = json_pack("{s:{s:i, s:b, s:n, s:f}, s:[s]}", "192.0.2.1", "n", 7, "b", 1, "z",
                              "f", 0.5, "again", "192.0.2.1");
    json_t *wanted = json_pack("{s:{s:i, s:b, s:n, s:f}, s:[s]}", "ip-1", "n", 7, "b", 1, "z", "f",
                               0.5, "again", "ip-1");
    json_t *made = rs_scrub_addresses(given);

    CU_ASSERT(json_equal(made, wanted));
    json_decref(given);
    json_decref(wanted);
    json_decref(made);
}

static void secrets_are_removed_wherever_they_are(void)
{
    json_t *document = json_pack("{s:[{s:s, s:{s:s}}], s:s}", "list", "base_key", "5a5a", "deep",
                                 "encryption_secret", "hidden", "key", "100");
    char *text;

    rs_scrub_secrets(document);
    text = json_dumps(document, JSON_SORT_KEYS);
    CU_ASSERT_STRING_EQUAL(text, "{\"key\": \"100\", \"list\": [{\"base_key\": \"removed\", "
                                 "\"deep\": {\"encryption_secret\": \"removed\"}}]}");
    free(text);
    json_decref(document);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"each_address_becomes_a_word", each_address_becomes_a_word},
        {"names_of_members_are_looked_at_and_all_else_stays",
         names_of_members_are_looked_at_and_all_else_stays},
        {"secrets_are_removed_wherever_they_are", secrets_are_removed_wherever_they_are},
    };

    return rs_test_main("scrub", tests, sizeof(tests) / sizeof(tests[0]));
}
