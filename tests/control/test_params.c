/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters by table, streams' parameters, and that the table of methods holds together.
 */
#include "control/params.h"

#include <stdio.h>
#include <string.h>

#include "control/methods.h"
#include "tests/control/lab.h"
#include "tests/support/runner.h"

#define FLOW "'flow':{'dst_ip':'198.51.100.9','dst_port':20000}"
#define PTS  "'payload_types':{'96':{'codec':'vp8'}}"
#define HEAD "{'session_id':'plain','link':'edge0',"

static const struct {
    const char *method, *params, *reason, *param;
} rows[] = {
    {"get_version", "{'x':1}", "invalid_params", "x"},
    {"get_version", "{'x y':1}", "invalid_params", ""},
    {"session_create", "{'session_id':''}", "invalid_params", "session_id"},
    {"session_create", "{'session_id':'a b'}", "invalid_params", "session_id"},
    {"session_create", "{'session_id':'a\\u0000'}", "invalid_params", "session_id"},
    {"session_create", "{'session_id':7}", "invalid_params", "session_id"},
    {"session_create", "{'e2ee':'yes'}", "invalid_params", "e2ee"},
    {"session_create", "{'e2ee':null}", "invalid_params", "e2ee"},
    {"session_create", "{'media_mode':'Routed'}", "invalid_params", "media_mode"},
    {"session_create", "{'replay_window':63}", "invalid_params", "replay_window"},
    {"session_create", "{'replay_window':8193}", "invalid_params", "replay_window"},
    {"session_create", "{'replay_window':-1}", "invalid_params", "replay_window"},
    {"session_create", "{'grace_ms':1.5}", "invalid_params", "grace_ms"},
    {"session_create", "{'grace_ms':1000,'activate_after_ms':0}", "invalid_params", "grace_ms"},
    {"session_create", "{'suite':'ROT13'}", "unknown_suite", "suite"},
    {"session_create", "{'e2ee':true,'media_mode':'relayed'}", "relayed_session_cannot_be_e2ee",
     "media_mode"},
    {"session_create", "{'e2ee':true,'archive_mode':'always'}",
     "always_archived_session_cannot_be_e2ee", "archive_mode"},
    {"session_create", "{'session_id':'plain'}", "session_exists", "session_id"},
    {"session_get", "{}", "invalid_params", "session_id"},
    {"session_get", "{'session_id':'none'}", "unknown_session", "session_id"},
    {"session_connect", "{'session_id':'e2ee'}", "encryption_secret_missing", "encryption_secret"},
    {"session_connect", "{'session_id':'e2ee','encryption_secret':'1234567'}",
     "invalid_encryption_secret", "encryption_secret"},
    {"session_connect", "{'session_id':'e2ee','encryption_secret':7}", "invalid_params",
     "encryption_secret"},
    {"session_connect", "{'session_id':'e2ee','encryption_secret':'12345678','base_key':'00'}",
     "invalid_params", "base_key"},
    {"session_connect", "{'session_id':'e2ee','base_key':'zz'}", "invalid_encryption_secret",
     "base_key"},
    {"session_connect", "{'session_id':'plain','encryption_secret':'12345678'}", "e2ee_not_enabled",
     ""},
    {"session_set_encryption_secret", "{'session_id':'e2ee'}", "not_connected", "session_id"},
    {"session_list", "{'limit':0}", "invalid_params", "limit"},
    {"session_list", "{'limit':1001}", "invalid_params", "limit"},
    {"session_list", "{'cursor':'-1'}", "invalid_params", "cursor"},
    {"stats_get", "{'scope':'session'}", "invalid_params", "session_id"},
    {"stats_get", "{'stream_id':'x'}", "invalid_params", "stream_id"},
    {"stats_get", "{'scope':'stream','stream_id':'x'}", "unknown_stream", "stream_id"},
    {"events_subscribe", "{'types':['no_such']}", "invalid_params", "types"},
    {"log_set_level", "{'level':'loud'}", "invalid_params", "level"},
    {"stream_publish", "{'session_id':'e2ee','link':'edge0'," FLOW "," PTS "}",
     "encryption_secret_missing", "session_id"},
    {"stream_publish", "{'session_id':'plain','link':'edge9'," FLOW "," PTS "}", "unknown_link",
     "link"},
    {"stream_publish", HEAD PTS "}", "invalid_params", "flow"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.100.9'}}", "invalid_params",
     "flow.dst_port"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.100','dst_port':20000}}",
     "invalid_params", "flow.dst_ip"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.100.9','dst_port':65536}}",
     "invalid_params", "flow.dst_port"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.100.9','dst_port':20000,'src_port':1}}",
     "invalid_params", "flow.src_ip"},
    {"stream_publish",
     HEAD PTS ",'flow':{'dst_ip':'198.51.100.9','dst_port':20000,'src_ip':'::1','src_port':1}}",
     "invalid_params", "flow.src_ip"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.100.9','dst_port':20000,'vlan':0}}",
     "invalid_params", "flow.vlan"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.100.9','dst_port':20000,'proto':1}}",
     "invalid_params", "flow"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.101.9','dst_port':20000}}",
     "invalid_params", "flow"},
    {"stream_publish", HEAD PTS ",'flow':{'dst_ip':'198.51.100.9','dst_port':9999}}",
     "invalid_params", "flow"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'70':{'codec':'vp8'}}}", "bad_payload_type",
     "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'128':{'codec':'vp8'}}}", "bad_payload_type",
     "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'096':{'codec':'vp8'}}}", "bad_payload_type",
     "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'96':{'codec':'mp3'}}}", "unknown_codec",
     "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'97':{'codec':'rtx'}}}", "invalid_params",
     "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx'}}}",
     "invalid_params", "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'97':{'codec':'rtx','apt':96}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx','apt':98}}}",
     "invalid_params", "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'97':{'codec':'rtx','apt':97}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx','apt':96},'98':{'codec':"
               "'RTX','apt':97}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'98':{'codec':'rtx','apt':97},'97':{'codec':'rtx','apt':96},'96':"
               "{'codec':'vp8'}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx','apt':'96'}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx','apt':-1}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx','apt':224}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx','apt':96.0}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW
     ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx','apt':96,'rtx-time':1}}}",
     "invalid_params", "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'apt':96}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8','apt':97},'97':{'codec':'vp9'}}}",
     "invalid_params", "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'96':{'codec':'vp8','profile-id':2}}}",
     "invalid_params", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'mp3'},'97':{'codec':'rtx','apt':96}}}",
     "unknown_codec", "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'97':{'codec':'rtx:96'}}}",
     "unknown_codec", "payload_types"},
    {"stream_publish",
     HEAD FLOW ",'payload_types':{'96':{'codec':'vp8'},'70':{'codec':'rtx','apt':96}}}",
     "bad_payload_type", "payload_types"},
    {"stream_publish", HEAD FLOW ",'payload_types':{'96':'vp8'}}", "invalid_params",
     "payload_types"},
    {"stream_publish", HEAD FLOW "," PTS ",'ssrc':[]}", "invalid_params", "ssrc"},
    {"stream_publish", HEAD FLOW "," PTS ",'ssrc':[1,1]}", "invalid_params", "ssrc"},
    {"stream_publish", HEAD FLOW "," PTS ",'ssrc':4294967296}", "invalid_params", "ssrc"},
    {"stream_publish", HEAD FLOW "," PTS "}", "flow_in_use", "flow"},
};

static void each_bad_request_is_refused_with_its_reason_and_parameter_and_changes_nothing(void)
{
    lab_open();
    lab_call("session_create", "{'session_id':'plain'}");
    lab_call("session_connect", "{'session_id':'plain'}");
    lab_call("session_create", "{'session_id':'e2ee','e2ee':true}");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_publish", HEAD FLOW "," PTS "}"), "ok");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *reason = lab_call(rows[i].method, rows[i].params);
        const bool right =
            strcmp(reason, rows[i].reason) == 0 && strcmp(lab_error()->param, rows[i].param) == 0;

        if (!right)
            printf("row %zu: %s %s: got %s (%s)\n", i, rows[i].method, rows[i].params, reason,
                   lab_error()->param);
        CU_ASSERT(right);
    }
    CU_ASSERT_STRING_EQUAL(lab_call("stats_get", "{}"), "ok");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "sessions")), 2);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "streams")), 1);
    lab_close();
}

/* What was said of payload types is what is shown, in the order of their numbers. */
static void payload_types_are_shown_as_they_were_named(void)
{
    static const struct {
        const char *given, *shown;
    } accepted[] = {
        {"'97':{'codec':'RTX','apt':96},'96':{'codec':'vp8'}",
         "{\"96\":{\"codec\":\"VP8\"},\"97\":{\"codec\":\"rtx\",\"apt\":96}}"},
        {"'96':{'codec':'h265'},'97':{'codec':'rtx','apt':96},'98':{'codec':'rtx','apt':96}",
         "{\"96\":{\"codec\":\"H265\"},\"97\":{\"codec\":\"rtx\",\"apt\":96},"
         "\"98\":{\"codec\":\"rtx\",\"apt\":96}}"},
        {"'0':{'codec':'pcmu'},'127':{'codec':'rtx','apt':0},'45':{'codec':'av1'}",
         "{\"0\":{\"codec\":\"PCMU\"},\"45\":{\"codec\":\"AV1\"},"
         "\"127\":{\"codec\":\"rtx\",\"apt\":0}}"},
        {"'9':{'codec':'G722'},'13':{'codec':'cn'},'101':{'codec':'telephone-event'}",
         "{\"9\":{\"codec\":\"G722\"},\"13\":{\"codec\":\"CN\"},"
         "\"101\":{\"codec\":\"telephone-event\"}}"},
        {"'63':{'codec':'RED'},'116':{'codec':'ulpfec'},'117':{'codec':'flexfec-03'}",
         "{\"63\":{\"codec\":\"red\"},\"116\":{\"codec\":\"ulpfec\"},"
         "\"117\":{\"codec\":\"flexfec-03\"}}"},
    };

    lab_open();
    lab_call("session_create", "{'session_id':'plain'}");
    lab_call("session_connect", "{'session_id':'plain'}");
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        char params[512], shown[512] = "";

        snprintf(params, sizeof(params), HEAD FLOW ",'stream_id':'s','payload_types':{%s}}",
                 accepted[i].given);
        CU_ASSERT_STRING_EQUAL(lab_call("stream_publish", params), "ok");
        json_dumpb(json_object_get(lab_result(), "payload_types"), shown, sizeof(shown) - 1,
                   JSON_COMPACT);
        CU_ASSERT_STRING_EQUAL(shown, accepted[i].shown);
        CU_ASSERT_STRING_EQUAL(lab_call("stream_delete", "{'stream_id':'s'}"), "ok");
    }
    lab_close();
}

static void limits_are_no_capacity_and_pages_show_every_row_once(void)
{
    lab_open();
    for (int i = 0; i < 4; i++)
        CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{}"), "no_capacity");
    CU_ASSERT_STRING_EQUAL(lab_call("session_list", "{'limit':3}"), "ok");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "sessions")), 3);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "cursor")), "4");
    CU_ASSERT_STRING_EQUAL(lab_call("session_list", "{'limit':3,'cursor':'4'}"), "ok");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "sessions")), 1);
    CU_ASSERT_PTR_NULL(json_object_get(lab_result(), "cursor"));
    lab_close();
}

static void names_are_unique_and_codes_too(void)
{
    for (size_t i = 0; i < rs_rpc_method_count; i++) {
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_STRING_NOT_EQUAL(rs_rpc_methods[i].name, rs_rpc_methods[j].name);
        CU_ASSERT_TRUE(rs_rpc_methods[i].params_bytes <= 512);
    }
    for (int i = RS_E_SECRET_MISSING; i < RS_REASONS; i++)
        CU_ASSERT_TRUE(rs_reasons[i].code > rs_reasons[i - 1].code);
    CU_ASSERT_EQUAL(rs_reasons[RS_E_DRAINING].code, 6118);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(each_bad_request_is_refused_with_its_reason_and_parameter_and_changes_nothing),
    TEST(payload_types_are_shown_as_they_were_named),
    TEST(limits_are_no_capacity_and_pages_show_every_row_once),
    TEST(names_are_unique_and_codes_too),
};

int main(void)
{
    return rs_test_main("params", tests, sizeof(tests) / sizeof(tests[0]));
}
