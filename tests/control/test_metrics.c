/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page of metrics as a strict reader takes it, and what its numbers say after things have
 * happened. That the reader is strict is tested first.
 */
#include "control/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>

#include "control/exposition.h"
#include "control/histogram.h"
#include "tests/control/lab.h"
#include "tests/control/page_reader.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define KEY(digit)  digit "0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SEAL(value) "link=\"edge0\",direction=\"seal\"" value

static struct page page;
static struct rs_control *control;

/* ---- the reader --------------------------------------------------------------------------- */

#define HEAD(name, type) "# HELP " name " text\n# TYPE " name " " type "\n"
#define BUCKETS          HEAD("a", "histogram") "a_bucket{le=\"1\"} 2\n"

static void the_reader_takes_what_is_right(void)
{
    static const char *const pages[] = {
        HEAD("a_total", "counter") "a_total 1\n" HEAD("b",
                                                      "gauge") "b{x=\"y\"} -1.5\nb{x=\"z\"} 0\n",
        HEAD("a", "gauge") "a{x=\"\\\\ \\\" \\n\",y=\"\"} 1\n",
        BUCKETS "a_bucket{le=\"+Inf\"} 3\na_sum 4\na_count 3\n",
    };

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        CU_ASSERT_TRUE(page_read(&page, pages[i]));
        CU_ASSERT_STRING_EQUAL(page.error, "");
    }
}

static void the_reader_refuses_what_is_wrong(void)
{
    static const char *const pages[] = {
        "",
        "a 1\n",
        HEAD("a", "gauge"),
        HEAD("a", "gauge") "a 1",
        HEAD("a", "gauge") "\na 1\n",
        HEAD("a", "gauge") "b 1\n",
        HEAD("a", "gauge") "a 1\na 1\n",
        HEAD("a", "gauge") "a one\n",
        HEAD("a", "gauge") "a 1 2\n",
        HEAD("a", "gauge") "a  1\n",
        HEAD("a", "gauge") "a NaN\n",
        HEAD("a", "gauge") "a{x=\"y\" 1\n",
        HEAD("a", "gauge") "a{x=\"\\t\"} 1\n",
        HEAD("a", "gauge") "a{x=\"y\"z\"} 1\n",
        HEAD("a", "gauge") "a{1=\"y\"} 1\n",
        HEAD("a", "gauge") "a{x=\"y\",x=\"z\"} 1\n",
        HEAD("a", "gauge") "a{x=\"y\",w=\"y\",x=\"z\"} 1\n",
        HEAD("a", "gauge") "a 1\n" HEAD("a", "gauge") "a 1\n",
        HEAD("a", "counter") "a 1\n",
        HEAD("a_total", "gauge") "a_total 1\n",
        HEAD("a_total", "counter") "a_total -1\n",
        HEAD("a", "summary") "a 1\n",
        "# TYPE a gauge\n# HELP a text\na 1\n",
        "# HELP a text\na 1\n",
        "# HELP a te\\xt\n# TYPE a gauge\na 1\n",
        HEAD("a", "gauge") "a 1\n# TYPE a gauge\n",
        BUCKETS "a_sum 4\na_count 2\n",
        BUCKETS "a_bucket{le=\"+Inf\"} 1\na_sum 4\na_count 1\n",
        BUCKETS "a_bucket{le=\"0.5\"} 3\na_bucket{le=\"+Inf\"} 3\na_sum 4\na_count 3\n",
        BUCKETS "a_bucket{le=\"+Inf\"} 3\na_sum 4\na_count 2\n",
        BUCKETS "a_bucket{le=\"+Inf\"} 3\na_count 3\n",
        BUCKETS "a_bucket{le=\"+Inf\"} 3\na_bucket{x=\"y\",le=\"+Inf\"} 3\na_sum{x=\"y\"} 1\n"
                "a_count{x=\"y\"} 3\n",
        HEAD("a", "histogram") "a_sum 4\na_count 2\n",
    };

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (page_read(&page, pages[i])) {
            printf("FAIL taken: %s\n", pages[i]);
            CU_FAIL("a wrong page was taken");
        }
        CU_ASSERT_STRING_NOT_EQUAL(page.error, "");
    }
}

/* ---- the format --------------------------------------------------------------------------- */

static void must_be(struct evbuffer *out, const char *expected)
{
    evbuffer_add(out, "", 1);
    CU_ASSERT_STRING_EQUAL((const char *)evbuffer_pullup(out, -1), expected);
    evbuffer_drain(out, evbuffer_get_length(out));
}

static void labels_and_help_are_escaped(void)
{
    const char *const names[] = {"one", "two"}, *values[] = {"a\\b\"c\nd", ""};
    const struct rs_labels labels = {names, values, 2}, none = {NULL, NULL, 0};
    struct evbuffer *out = evbuffer_new();

    rs_exposition_head(out, "m", "gauge", "a\\b\"c\nd");
    must_be(out, "# HELP m a\\\\b\"c\\nd\n# TYPE m gauge\n");
    rs_exposition_count(out, "m", &labels, UINT64_MAX);
    must_be(out, "m{one=\"a\\\\b\\\"c\\nd\",two=\"\"} 18446744073709551615\n");
    rs_exposition_real(out, "m", &none, 0.25);
    must_be(out, "m 0.25\n");
    evbuffer_free(out);
}

static void a_histogram_is_written_cumulative(void)
{
    static const double bounds[] = {0.00001, 1, 604800};
    const char *const names[] = {"one"}, *values[] = {"x"};
    const struct rs_labels labels = {names, values, 1}, none = {NULL, NULL, 0};
    struct evbuffer *out = evbuffer_new();
    struct rs_histogram histogram;

    rs_histogram_init(&histogram, bounds, 3);
    rs_histogram_add(&histogram, 0.5);
    rs_histogram_add(&histogram, 700000);
    rs_exposition_histogram(out, "m", &labels, &histogram);
    must_be(out, "m_bucket{one=\"x\",le=\"1e-05\"} 0\nm_bucket{one=\"x\",le=\"1\"} 1\n"
                 "m_bucket{one=\"x\",le=\"604800\"} 1\nm_bucket{one=\"x\",le=\"+Inf\"} 2\n"
                 "m_sum{one=\"x\"} 700000.5\nm_count{one=\"x\"} 2\n");
    rs_histogram_init(&histogram, bounds, 1);
    rs_exposition_histogram(out, "m", &none, &histogram);
    must_be(out, "m_bucket{le=\"1e-05\"} 0\nm_bucket{le=\"+Inf\"} 0\nm_sum 0\nm_count 0\n");
    evbuffer_free(out);
}

/* ---- the page ----------------------------------------------------------------------------- */

static void read_page(void)
{
    struct evbuffer *out = evbuffer_new();

    rs_metrics_write(control, out);
    evbuffer_add(out, "", 1);
    if (!page_read(&page, (const char *)evbuffer_pullup(out, -1))) {
        printf("FAIL %s\n", page.error);
        CU_FAIL_FATAL("the page cannot be read");
    }
    evbuffer_free(out);
}

static double value(const char *name, const char *labels)
{
    return page_value(&page, name, labels);
}

static void the_page_has_what_its_description_says(void)
{
    json_t *description = rs_metrics_json(), *rows = json_object_get(description, "metrics");
    const json_t *row;
    size_t i;

    control = lab_open();
    read_page();
    CU_ASSERT_EQUAL(json_array_size(rows), page.family_count);
    json_array_foreach(rows, i, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *type = page_type(&page, name);

        CU_ASSERT_PTR_NOT_NULL_FATAL(type);
        CU_ASSERT_STRING_EQUAL(type, json_string_value(json_object_get(row, "type")));
        CU_ASSERT_EQUAL(strncmp(name, "rtpseal_", 8), 0);
    }
    json_decref(description);
    lab_close();
}

/* Whether `labels` lists the label that `pair` begins with. */
static bool is_listed(const json_t *labels, const char *pair)
{
    const json_t *label;
    size_t i;

    json_array_foreach(labels, i, label) {
        const char *name = json_string_value(label);

        if (strncmp(pair, name, strlen(name)) == 0 && pair[strlen(name)] == '=')
            return true;
    }
    return false;
}

static void nothing_is_labelled_by_session_or_stream_and_every_label_is_described(void)
{
    json_t *description = rs_metrics_json(), *labels = json_array();
    const json_t *row;
    size_t i;

    control = lab_open();
    lab_call("session_create", "{'session_id':'telltale','e2ee':true}");
    lab_call("session_connect", "{'session_id':'telltale','base_key':'" KEY("0") "'}");
    lab_call("stream_publish", "{'stream_id':'telltale','session_id':'telltale','link':'edge0',"
                               "'flow':{'dst_ip':'198.51.100.20','dst_port':20000},"
                               "'payload_types':{}}");
    read_page();
    json_array_foreach(json_object_get(description, "labels"), i, row)
        json_array_append(labels, json_object_get(row, "name"));
    for (i = 0; i < page.sample_count; i++) {
        CU_ASSERT_PTR_NULL(strstr(page.samples[i].labels, "telltale"));
        for (const char *pair = page.samples[i].labels; *pair != '\0';) {
            const char *next = strstr(pair, "\",");

            CU_ASSERT_TRUE(is_listed(labels, pair));
            pair = next != NULL ? next + 2 : "";
        }
    }
    CU_ASSERT_FALSE(is_listed(labels, "session=") || is_listed(labels, "stream="));
    json_decref(labels);
    json_decref(description);
    lab_close();
}

static void every_outcome_event_and_error_is_there_at_zero(void)
{
    char labels[PAGE_LABELS];

    control = lab_open();
    read_page();
    for (int i = 0; i < RS_OUTCOMES; i++) {
        for (int direction = 0; direction < RS_DIRECTIONS; direction++) {
            const bool drop = rs_outcome_is_drop(i);

            snprintf(labels, sizeof(labels), "link=\"edge0\",direction=\"%s\",%s=\"%s\"",
                     direction == RS_SEAL ? "seal" : "open", drop ? "reason" : "outcome",
                     rs_outcome_name(i));
            CU_ASSERT_EQUAL(value(drop ? "rtpseal_drops_total" : "rtpseal_passes_total", labels),
                            0);
        }
    }
    for (int i = 0; i < RS_EVENT_TYPES; i++) {
        snprintf(labels, sizeof(labels), "type=\"%s\"", rs_event_rows[i].name);
        CU_ASSERT_EQUAL(value("rtpseal_events_total", labels), 0);
    }
    for (int i = RS_E_NONE + 1; i < RS_REASONS; i++) {
        snprintf(labels, sizeof(labels), "error=\"%s\"", rs_reasons[i].name);
        CU_ASSERT_EQUAL(value("rtpseal_request_errors_total", labels), 0);
    }
    lab_close();
}

static void traffic_ports_and_workers_are_as_the_dataplane_counts_them(void)
{
    struct rs_counters *seal;
    struct rs_worker_info *worker;

    control = lab_open();
    seal = rs_fake_counters(RS_SEAL);
    *seal = (struct rs_counters){
        .packets_in = 70, .bytes_in = 7000, .packets_out = 60, .bytes_out = 6500};
    seal->outcomes[RS_SEALED] = 60;
    seal->outcomes[RS_NO_KEY] = 10;
    worker = rs_fake_worker(0);
    *worker = (struct rs_worker_info){.cpu = 5,
                                      .busy_cycles = 11,
                                      .idle_cycles = UINT64_MAX,
                                      .senders = 3,
                                      .stalled_ms = 1500,
                                      .bursts = {1, 0, 2, 0, 0, 4}};
    rs_fake_worker(1)->senders = 4;
    *rs_fake_port_info(RS_OPEN) = (struct rs_port_info){.driver = "fake",
                                                        .rx_packets = 1,
                                                        .tx_packets = 2,
                                                        .rx_missed = 3,
                                                        .rx_errors = 4,
                                                        .rx_no_mbuf = 5,
                                                        .tx_errors = 6,
                                                        .fragments_joined = 7};
    read_page();
    CU_ASSERT_EQUAL(value("rtpseal_in_packets_total", SEAL("")), 70);
    CU_ASSERT_EQUAL(value("rtpseal_in_bytes_total", SEAL("")), 7000);
    CU_ASSERT_EQUAL(value("rtpseal_out_packets_total", SEAL("")), 60);
    CU_ASSERT_EQUAL(value("rtpseal_out_bytes_total", SEAL("")), 6500);
    CU_ASSERT_EQUAL(value("rtpseal_in_packets_total", "link=\"edge0\",direction=\"open\""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_passes_total", SEAL(",outcome=\"sealed\"")), 60);
    CU_ASSERT_EQUAL(value("rtpseal_drops_total", SEAL(",reason=\"no_key\"")), 10);
    CU_ASSERT_EQUAL(value("rtpseal_worker_busy_cycles_total", "worker=\"0\",cpu=\"5\""), 11);
    CU_ASSERT_EQUAL(value("rtpseal_worker_idle_cycles_total", "worker=\"0\",cpu=\"5\""), 0x1p64);
    CU_ASSERT_EQUAL(value("rtpseal_worker_stalled_seconds", "worker=\"0\",cpu=\"5\""), 1.5);
    CU_ASSERT_EQUAL(value("rtpseal_worker_stalled_seconds", "worker=\"1\",cpu=\"1\""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_burst_packets_count", "worker=\"0\",cpu=\"5\""), 7);
    CU_ASSERT_EQUAL(value("rtpseal_burst_packets_sum", "worker=\"0\",cpu=\"5\""), 70);
    CU_ASSERT_EQUAL(page_bucket(&page, "rtpseal_burst_packets", "worker=\"0\",cpu=\"5\"", 1), 1);
    CU_ASSERT_EQUAL(page_bucket(&page, "rtpseal_burst_packets", "worker=\"0\",cpu=\"5\"", 4), 3);
    CU_ASSERT_EQUAL(page_bucket(&page, "rtpseal_burst_packets", "worker=\"0\",cpu=\"5\"", 32), 7);
    CU_ASSERT_EQUAL(value("rtpseal_senders", ""), 7);
    CU_ASSERT_EQUAL(value("rtpseal_packet_buffers", ""), 4096);
    CU_ASSERT_EQUAL(value("rtpseal_packet_buffers_in_use", ""), 513);
    CU_ASSERT_EQUAL(value("rtpseal_port_up", "link=\"edge0\",side=\"plain\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_port_up", "link=\"edge0\",side=\"sealed\""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_port_rx_packets_total", "link=\"edge0\",side=\"sealed\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_port_tx_packets_total", "link=\"edge0\",side=\"sealed\""), 2);
    CU_ASSERT_EQUAL(value("rtpseal_port_rx_missed_total", "link=\"edge0\",side=\"sealed\""), 3);
    CU_ASSERT_EQUAL(value("rtpseal_port_rx_errors_total", "link=\"edge0\",side=\"sealed\""), 4);
    CU_ASSERT_EQUAL(value("rtpseal_port_rx_no_mbuf_total", "link=\"edge0\",side=\"sealed\""), 5);
    CU_ASSERT_EQUAL(value("rtpseal_port_tx_errors_total", "link=\"edge0\",side=\"sealed\""), 6);
    CU_ASSERT_EQUAL(value("rtpseal_port_fragments_joined_total", "link=\"edge0\",side=\"sealed\""),
                    7);
    CU_ASSERT_EQUAL(value("rtpseal_ready", ""), 0);
    lab_close();
}

static void the_daemon_tells_what_it_is_and_how_it_is(void)
{
    char labels[PAGE_LABELS];

    control = lab_open();
    read_page();
    snprintf(labels, sizeof(labels), "version=\"%s\",dpdk=\"fake\",ipsec_mb=\"fake\",isa=\"none\"",
             RTPSEAL_VERSION);
    CU_ASSERT_EQUAL(value("rtpseal_build_info", labels), 1);
    CU_ASSERT_DOUBLE_EQUAL(value("rtpseal_start_time_seconds", ""), (double)time(NULL), 60);
    CU_ASSERT_EQUAL(value("rtpseal_ready", ""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_draining", ""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_sessions_limit", ""), 4);
    CU_ASSERT_EQUAL(value("rtpseal_streams_limit", ""), 3);
    CU_ASSERT_EQUAL(value("rtpseal_clients_limit", ""), 64);
    CU_ASSERT_EQUAL(value("rtpseal_clients", "role=\"admin\""), 0);
    lab_call("drain", "{}");
    read_page();
    CU_ASSERT_EQUAL(value("rtpseal_ready", ""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_draining", ""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_events_total", "type=\"draining\""), 1);
    lab_close();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(the_reader_takes_what_is_right),
        TEST(the_reader_refuses_what_is_wrong),
        TEST(labels_and_help_are_escaped),
        TEST(a_histogram_is_written_cumulative),
        TEST(the_page_has_what_its_description_says),
        TEST(nothing_is_labelled_by_session_or_stream_and_every_label_is_described),
        TEST(every_outcome_event_and_error_is_there_at_zero),
        TEST(traffic_ports_and_workers_are_as_the_dataplane_counts_them),
        TEST(the_daemon_tells_what_it_is_and_how_it_is),
    };

    return rs_test_main("metrics", tests, sizeof(tests) / sizeof(tests[0]));
}
