/* SPDX-License-Identifier: BSD-3-Clause */
/* Figures out of two samples, each expected value worked out by hand. */
#include "control/ctl/top_model.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/runner.h"

#define COUNTERS(in, bytes_in, out, bytes_out, drops)                                              \
    "{'packets_in':" #in ",'bytes_in':" #bytes_in ",'packets_out':" #out                           \
    ",'bytes_out':" #bytes_out ",'passes':{},'drops':" drops "}"

static const char first_daemon[] =
    "{'instance':'a','uptime_ms':1000,'sessions':2,'streams':3,"
    "'seal':" COUNTERS(
        1000, 100000, 900, 99000,
        "{'no_stream':90,'replay':0,'no_key':10}") ","
                                                   "'open':" COUNTERS(
                                                       0, 0, 0, 0,
                                                       "{'no_stream':0,'replay':0}") "}";
static const char second_daemon[] =
    "{'instance':'a','uptime_ms':3000,'sessions':2,'streams':4,"
    "'seal':" COUNTERS(
        3000, 350000, 2860, 340000,
        "{'no_stream':91,'replay':0,'no_key':49}") ","
                                                   "'open':" COUNTERS(
                                                       8, 800, 0, 0,
                                                       "{'no_stream':0,'replay':8}") "}";

/* A sample with one part, taken at that time; quotes are single ones. */
static struct rs_top_sample *sample_of(enum rs_top_part part, const char *text, uint64_t ms)
{
    struct rs_top_sample *sample = calloc(1, sizeof(*sample));
    char copy[2048];
    size_t i;

    for (i = 0; text[i] != '\0' && i < sizeof(copy) - 1; i++)
        copy[i] = text[i] == '\'' ? '"' : text[i];
    copy[i] = '\0';
    sample->parts[part] = json_loads(copy, 0, NULL);
    sample->taken_ns[part] = ms * 1000000;
    CU_ASSERT_PTR_NOT_NULL_FATAL(sample->parts[part]);
    return sample;
}

/* A model of two samples of one part, two seconds apart. `before` may be NULL. */
static struct rs_top_model *model_of(enum rs_top_part part, const char *before, const char *now)
{
    struct rs_top_sample *samples[2] = {before != NULL ? sample_of(part, before, 5000) : NULL,
                                        sample_of(part, now, 7000)};
    struct rs_top_model *model = rs_top_model_create();

    rs_top_model_update(model, samples[0], samples[1]);
    rs_top_sample_free(samples[0]);
    rs_top_sample_free(samples[1]);
    return model;
}

static void rates_are_differences_over_the_time_between(void)
{
    struct rs_top_model *model = model_of(RS_TOP_DAEMON, first_daemon, second_daemon);

    CU_ASSERT_DOUBLE_EQUAL(model->seconds, 2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->seal.packets_in, 1000, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->seal.bits_in, 1000000, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->seal.packets_out, 980, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->seal.bits_out, 964000, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->seal.drops, 20, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->open.packets_in, 4, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->open.drops, 4, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->streams, 4, 0);
    CU_ASSERT_DOUBLE_EQUAL(model->uptime_ms, 3000, 0);
    rs_top_model_destroy(model);
}

static void drops_that_are_not_0_stand_largest_first(void)
{
    struct rs_top_model *model = model_of(RS_TOP_DAEMON, first_daemon, second_daemon);

    CU_ASSERT_EQUAL_FATAL(model->drop_count, 3);
    CU_ASSERT_STRING_EQUAL(model->drops[0].reason, "no_key");
    CU_ASSERT_STRING_EQUAL(model->drops[0].direction, "seal");
    CU_ASSERT_DOUBLE_EQUAL(model->drops[0].rate, 19.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->drops[0].total, 49, 0);
    CU_ASSERT_STRING_EQUAL(model->drops[1].reason, "replay");
    CU_ASSERT_STRING_EQUAL(model->drops[1].direction, "open");
    CU_ASSERT_STRING_EQUAL(model->drops[2].reason, "no_stream");
    CU_ASSERT_DOUBLE_EQUAL(model->drops[2].rate, 0.5, 1e-9);
    rs_top_model_destroy(model);
}

static void one_sample_alone_has_totals_and_no_rates(void)
{
    struct rs_top_model *model = model_of(RS_TOP_DAEMON, NULL, second_daemon);

    CU_ASSERT(isnan(model->seconds) && isnan(model->seal.packets_in));
    CU_ASSERT(isnan(model->seal.drops) && isnan(model->open.bits_out));
    CU_ASSERT_EQUAL_FATAL(model->drop_count, 3);
    CU_ASSERT(isnan(model->drops[0].rate));
    CU_ASSERT_STRING_EQUAL(model->drops[0].reason, "no_stream"); /* by totals, then */
    rs_top_model_destroy(model);
}

static void another_instance_has_nothing_to_be_compared_with(void)
{
    char other[sizeof(second_daemon)];
    struct rs_top_model *model;

    for (size_t i = 0; i < sizeof(other); i++)
        other[i] = second_daemon[i];
    other[13] = 'b';
    model = model_of(RS_TOP_DAEMON, first_daemon, other);
    CU_ASSERT_STRING_EQUAL(model->instance, "b");
    CU_ASSERT(isnan(model->seal.packets_in) && isnan(model->seconds));
    rs_top_model_destroy(model);
}

static void a_counter_that_goes_back_has_no_rate(void)
{
    struct rs_top_model *model = model_of(RS_TOP_DAEMON, second_daemon, first_daemon);

    CU_ASSERT(isnan(model->seal.packets_in));
    rs_top_model_destroy(model);
}

static void what_leaves_a_port_came_in_on_the_other_side(void)
{
    static const char before[] =
        "[{'link':'l','side':'plain','up':true,'rx_missed':1,"
        "'seal':" COUNTERS(100, 1000, 50, 600,
                           "{}") "},"
                                 "{'link':'l','side':'sealed','up':true,'rx_missed':0,"
                                 "'open':" COUNTERS(10, 100, 8, 80, "{}") "}]";
    static const char now[] =
        "[{'link':'l','side':'plain','up':true,'rx_missed':5,"
        "'seal':" COUNTERS(300, 3000, 150, 1600,
                           "{}") "},"
                                 "{'link':'l','side':'sealed','up':false,'rx_missed':0,"
                                 "'open':" COUNTERS(30, 300, 12, 120, "{}") "}]";
    struct rs_top_model *model = model_of(RS_TOP_PORTS, before, now);

    CU_ASSERT_EQUAL_FATAL(model->port_count, 2);
    CU_ASSERT_STRING_EQUAL(model->ports[0].side, "plain");
    CU_ASSERT_DOUBLE_EQUAL(model->ports[0].rx_packets, 100, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[0].rx_bits, 8000, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[0].tx_packets, 2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[0].tx_bits, 160, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[0].missed, 5, 0);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[0].missed_rate, 2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[1].rx_packets, 10, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[1].tx_packets, 50, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(model->ports[1].tx_bits, 4000, 1e-9);
    CU_ASSERT(model->ports[0].up && !model->ports[1].up);
    rs_top_model_destroy(model);
}

static void busy_is_the_share_of_cycles_that_found_packets(void)
{
    static const char before[] = "[{'worker':0,'cpu':3,'busy_cycles':1000,'idle_cycles':9000},"
                                 "{'worker':1,'cpu':4,'busy_cycles':7,'idle_cycles':8}]";
    static const char now[] =
        "[{'worker':0,'cpu':3,'busy_cycles':1300,'idle_cycles':9700,'senders':12},"
        "{'worker':1,'cpu':4,'busy_cycles':7,'idle_cycles':8}]";
    struct rs_top_model *model = model_of(RS_TOP_WORKERS, before, now);

    CU_ASSERT_EQUAL_FATAL(model->worker_count, 2);
    CU_ASSERT_DOUBLE_EQUAL(model->workers[0].busy_percent, 30, 1e-9);
    CU_ASSERT_EQUAL(model->workers[0].cpu, 3);
    CU_ASSERT_DOUBLE_EQUAL(model->workers[0].senders, 12, 0);
    CU_ASSERT(isnan(model->workers[1].busy_percent)); /* it made no turn at all */
    rs_top_model_destroy(model);
}

static void keys_are_of_e2ee_sessions_oldest_first(void)
{
    static const char sessions[] =
        "[{'session_id':'plain','e2ee':false},"
        "{'session_id':'new','e2ee':true,'epoch':7,'keys':["
        "{'state':'staged','epoch':8,'age_ms':1},{'state':'active','epoch':7,'age_ms':500},"
        "{'state':'previous','epoch':6,'age_ms':900},{'state':'previous','epoch':5}]},"
        "{'session_id':'row','e2ee':true,'epoch':1,'age_ms':700},"
        "{'session_id':'waiting','e2ee':true,'epoch':0,'keys':[]},"
        "{'session_id':'old','e2ee':true,'epoch':1,'age_ms':1,'keys':"
        "[{'state':'active','epoch':1,'age_ms':90000}]}]";
    struct rs_top_model *model = model_of(RS_TOP_SESSIONS, NULL, sessions);
    static const char *const order[] = {"old", "row", "new", "waiting"};

    CU_ASSERT_EQUAL_FATAL(model->key_count, 4);
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_STRING_EQUAL(model->keys[i].session, order[i]);
    CU_ASSERT_DOUBLE_EQUAL(model->keys[0].age_ms, 90000, 0);
    CU_ASSERT(model->keys[2].has_active && model->keys[2].has_staged);
    CU_ASSERT_EQUAL(model->keys[2].previous, 2);
    CU_ASSERT_FALSE(model->keys[1].has_keys);
    CU_ASSERT(model->keys[3].has_keys && !model->keys[3].has_active);
    CU_ASSERT(isnan(model->keys[3].age_ms));
    rs_top_model_destroy(model);
}

static void parts_of_another_form_are_as_good_as_absent(void)
{
    static const char *const texts[] = {"[]",
                                        "{}",
                                        "[1,null,'x',[],{}]",
                                        "{'seal':7,'open':[]}",
                                        "{'drops':{'x':'y'}}",
                                        "{'seal':{'drops':{'a':-1,'b':null,'c':'d'}}}"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (int part = 0; part < RS_TOP_PARTS; part++) {
            struct rs_top_model *model = model_of((enum rs_top_part)part, texts[i], texts[i]);

            CU_ASSERT_EQUAL(model->drop_count, 0);
            CU_ASSERT_EQUAL(model->key_count, 0);
            rs_top_model_destroy(model);
        }
    }
}

static void the_newest_events_are_kept(void)
{
    struct rs_top_model *model = rs_top_model_create();
    json_t *events = json_array();

    for (int i = 0; i < RS_TOP_EVENTS_MAX + 5; i++)
        json_array_append_new(events, json_integer(i));
    rs_top_model_add_events(model, events);
    CU_ASSERT_EQUAL(json_array_size(model->events), RS_TOP_EVENTS_MAX);
    CU_ASSERT_EQUAL(json_integer_value(json_array_get(model->events, 0)), 5);
    json_decref(events);
    rs_top_model_destroy(model);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(rates_are_differences_over_the_time_between),
    TEST(drops_that_are_not_0_stand_largest_first),
    TEST(one_sample_alone_has_totals_and_no_rates),
    TEST(another_instance_has_nothing_to_be_compared_with),
    TEST(a_counter_that_goes_back_has_no_rate),
    TEST(what_leaves_a_port_came_in_on_the_other_side),
    TEST(busy_is_the_share_of_cycles_that_found_packets),
    TEST(keys_are_of_e2ee_sessions_oldest_first),
    TEST(parts_of_another_form_are_as_good_as_absent),
    TEST(the_newest_events_are_kept),
};

int main(void)
{
    return rs_test_main("ctl_top_model", tests, sizeof(tests) / sizeof(tests[0]));
}
