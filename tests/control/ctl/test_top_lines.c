/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in the head and in each pane, at widths that people have. */
#include "control/ctl/top_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/ctl/top_json.h"
#include "tests/support/runner.h"

static struct rs_top_model *some_model(void)
{
    struct rs_top_model *model = rs_top_model_create();
    json_t *event = json_pack("{s:s, s:i, s:s, s:s, s:s, s:i, s:b}", "instance", "a", "seq", 7,
                              "time", "2026-11-25T12:34:56.123456789Z", "type", "plaintext_blocked",
                              "stream_id", "camera", "packets", 8, "first", 0);

    model->port_count = model->worker_count = model->drop_count = 1;
    model->busiest_count = model->key_count = 1;
    model->has_busiest = true;
    model->ports[0] = (struct rs_top_port){"edge0", "plain", true, 1234, 9.87e6, 0, 0, 3, 1.5};
    model->workers[0] = (struct rs_top_worker){0, 2, 34.56, 1234, 5, 17, 0};
    model->drops[0] = (struct rs_top_drop){"open", "secret_mismatch", 0, 123456789};
    model->busiest[0] = (struct rs_top_stream){"camera", "room-1", "edge0", "seal", 120000, 1.1e9};
    model->keys[0] = (struct rs_top_key){"room-1", 3, true, true, 2, true, 754000};
    json_array_append_new(model->events, event);
    return model;
}

static void each_pane_says_what_it_is_about_in_80_columns(void)
{
    static const struct {
        enum rs_top_pane pane;
        const char *heading, *text;
        enum rs_top_tone tone;
    } rows[] = {
        {RS_TOP_LINKS,
         "LINK                 side   state in pkt/s in bit/s out pkt/s out bit/s   missed",
         "edge0                plain  up        1234   9.87 M         0         0      3.0",
         RS_TOP_WARNING},
        {RS_TOP_LOAD, "WORKER              cpu   busy seal pkt/s open pkt/s   senders state",
         "0                     2  34.6%       1234        5.0        17", RS_TOP_NORMAL},
        {RS_TOP_DROPS,
         "DROPPED AS                                         way      pkt/s          total",
         "secret_mismatch                                    open         0      123456789",
         RS_TOP_NORMAL},
        {RS_TOP_STREAMS,
         "BUSIEST STREAM        session             link          way      pkt/s     bit/s",
         "camera                room-1              edge0         seal     120 k    1.10 G",
         RS_TOP_NORMAL},
        {RS_TOP_KEYS, "KEY OF SESSION                   epoch       age state",
         "room-1                               3 12 m 34 s active, next staged, 2 previous",
         RS_TOP_NORMAL},
        {RS_TOP_EVENTS, "EVENT AT what",
         "12:34:56 plaintext_blocked stream_id=camera packets=8 first=false", RS_TOP_WARNING},
    };
    struct rs_top_model *model = some_model();
    struct rs_top_line line;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL(rs_top_pane_lines(model, rows[i].pane), 1);
        rs_top_pane_heading(rows[i].pane, 80, &line);
        CU_ASSERT_STRING_EQUAL(line.text, rows[i].heading);
        rs_top_pane_line(model, rows[i].pane, 0, 80, &line);
        CU_ASSERT_STRING_EQUAL(line.text, rows[i].text);
        CU_ASSERT_EQUAL(line.tone, rows[i].tone);
        rs_top_pane_line(model, rows[i].pane, 1, 80, &line);
        CU_ASSERT_STRING_EQUAL(line.text, "");
    }
    rs_top_model_destroy(model);
}

static void what_is_wrong_is_told_by_tone_and_word(void)
{
    struct rs_top_model *model = some_model();
    struct rs_top_line line;

    model->ports[0].up = false;
    rs_top_pane_line(model, RS_TOP_LINKS, 0, 80, &line);
    CU_ASSERT(line.tone == RS_TOP_BAD && strstr(line.text, "down") != NULL);
    model->workers[0].stalled_ms = 4200;
    rs_top_pane_line(model, RS_TOP_LOAD, 0, 80, &line);
    CU_ASSERT(line.tone == RS_TOP_BAD && strstr(line.text, "stalled 4 s") != NULL);
    model->keys[0] = (struct rs_top_key){"room-1", 0, false, false, 0, true, NAN};
    rs_top_pane_line(model, RS_TOP_KEYS, 0, 80, &line);
    CU_ASSERT(line.tone == RS_TOP_WARNING && strstr(line.text, "no key") != NULL);
    model->drops[0].rate = 1;
    rs_top_pane_line(model, RS_TOP_DROPS, 0, 80, &line);
    CU_ASSERT_EQUAL(line.tone, RS_TOP_WARNING);
    rs_top_model_destroy(model);
}

static void the_head_says_health_where_the_daemon_does(void)
{
    struct rs_top_model *model = rs_top_model_create();
    struct rs_top_line line;

    strcpy(model->version, "9.8.7");
    strcpy(model->isa, "AVX2");
    model->sessions = 2;
    rs_top_head_line(model, 0, 80, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "rtpseald 9.8.7  AVX2  up 0 s  sessions 2  streams 0");
    model->has_health = true;
    strcpy(model->reasons, "edge0 plain is down");
    rs_top_head_line(model, 0, 120, &line);
    CU_ASSERT_PTR_NOT_NULL(strstr(line.text, "not ready: edge0 plain is down"));
    CU_ASSERT_EQUAL(line.tone, RS_TOP_BAD);
    model->ready = model->draining = true;
    rs_top_head_line(model, 0, 120, &line);
    CU_ASSERT_PTR_NOT_NULL(strstr(line.text, "  draining"));
    model->seal = (struct rs_top_flow){1000, 8e6, 999, 8.1e6, 1};
    rs_top_head_line(model, 1, 100, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "seal  in   1000 pkt/s 8.00 M bit/s  out    999 pkt/s "
                                      "8.10 M bit/s  drops 1.0/s");
    rs_top_model_destroy(model);
}

/* Scripts rely on these names: adding is fine, taking away or renaming is not. */
static void json_has_the_documented_members(void)
{
    static const char *const names[] = {
        "version", "isa",  "instance", "uptime_ms", "interval_ms", "sessions", "streams", "health",
        "seal",    "open", "ports",    "workers",   "drops",       "busiest",  "keys",    "events"};
    struct rs_top_model *model = some_model();
    json_t *events = json_array(), *document;
    const json_t *port;

    model->seal.packets_in = 12.34;
    model->open.packets_in = NAN;
    document = rs_top_json(model, events);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CU_ASSERT_PTR_NOT_NULL(json_object_get(document, names[i]));
    CU_ASSERT_EQUAL(json_object_size(document), sizeof(names) / sizeof(names[0]));
    CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_object_get(json_object_get(document, "seal"),
                                                           "packets_in_per_second")),
                           12.3, 1e-9);
    CU_ASSERT(
        json_is_null(json_object_get(json_object_get(document, "open"), "packets_in_per_second")));
    port = json_array_get(json_object_get(document, "ports"), 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(port, "missed")), 3);
    CU_ASSERT(json_is_null(json_object_get(document, "health")));
    json_decref(document);
    json_decref(events);
    rs_top_model_destroy(model);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(each_pane_says_what_it_is_about_in_80_columns),
    TEST(what_is_wrong_is_told_by_tone_and_word),
    TEST(the_head_says_health_where_the_daemon_does),
    TEST(json_has_the_documented_members),
};

int main(void)
{
    return rs_test_main("ctl_top_lines", tests, sizeof(tests) / sizeof(tests[0]));
}
