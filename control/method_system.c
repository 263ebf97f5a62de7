/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods about the daemon itself: what it offers and what it runs on.
 */
#include "handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/kdf.h"
#include "control/server.h"
#include "control/stream.h"

enum { API_VERSION = 1, WIRE_VERSION = 1 };

static json_t *param_json(const struct rs_param *param)
{
    json_t *row = json_pack("{s:s, s:s, s:b, s:s, s:s}", "name", param->name, "type",
                            rs_param_type_name(param->type), "required", param->need == RS_REQUIRED,
                            "help", param->help, "accepted", param->accepted);

    if (param->words != NULL) {
        json_t *words = json_array();

        for (size_t i = 0; param->words[i] != NULL; i++)
            json_array_append_new(words, json_string(param->words[i]));
        json_object_set_new(row, "values", words);
    }
    return row;
}

static json_t *methods_json(void)
{
    json_t *methods = json_array();

    for (size_t i = 0; i < rs_rpc_method_count; i++) {
        json_t *rows = json_array();

        for (size_t j = 0; j < rs_rpc_methods[i].param_count; j++)
            json_array_append_new(rows, param_json(&rs_rpc_methods[i].params[j]));
        json_array_append_new(methods,
                              json_pack("{s:s, s:s, s:s, s:o}", "name", rs_rpc_methods[i].name,
                                        "role", rs_role_name(rs_rpc_methods[i].role), "help",
                                        rs_rpc_methods[i].help, "params", rows));
    }
    return methods;
}

static json_t *event_types_json(void)
{
    json_t *types = json_array();

    for (size_t i = 0; i < RS_EVENT_TYPES; i++)
        json_array_append_new(types, json_pack("{s:s, s:s}", "type", rs_event_rows[i].name, "help",
                                               rs_event_rows[i].help));
    return types;
}

static json_t *errors_json(void)
{
    json_t *errors = json_array();

    for (size_t i = RS_E_NONE + 1; i < RS_REASONS; i++)
        json_array_append_new(errors,
                              json_pack("{s:i, s:s, s:b}", "code", rs_reasons[i].code, "reason",
                                        rs_reasons[i].name, "retryable", rs_reasons[i].retryable));
    return errors;
}

json_t *rs_methods_json(void)
{
    return json_pack("{s:o, s:o, s:o}", "methods", methods_json(), "events", event_types_json(),
                     "errors", errors_json());
}

enum rs_reply rs_method_rpc_get_methods(struct rs_request *request, const void *params)
{
    (void)params;
    request->result = rs_methods_json();
    return RS_REPLY_NOW;
}

static json_t *limits_json(const struct rs_config *config)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I}", "request_bytes",
                     RS_REQUEST_MAX, "reply_bytes", RS_REPLY_MAX, "clients", RS_CLIENTS_MAX,
                     "event_ring", RS_EVENT_RING, "session_id_characters", RS_ID_MAX,
                     "stream_ssrcs", RS_SSRCS_MAX, "previous_secrets", RS_PREVIOUS_MAX, "sessions",
                     (json_int_t)config->dataplane.max_sessions, "streams",
                     (json_int_t)config->dataplane.max_streams, "senders",
                     (json_int_t)config->dataplane.max_senders);
}

enum rs_reply rs_method_get_version(struct rs_request *request, const void *params)
{
    struct rs_host_info host = {0};

    (void)params;
    rs_dataplane_get_host(request->control->dataplane, &host);
    request->result =
        json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:b, s:b, s:i, s:s, s:o}", "version",
                  RTPSEAL_VERSION, "api_version", API_VERSION, "wire_version", WIRE_VERSION,
                  "dpdk_version", host.dpdk_version, "ipsec_mb_version", host.ipsec_mb_version,
                  "isa", host.isa, "hugepages", host.hugepages, "locked", host.locked, "workers",
                  (int)rs_dataplane_worker_count(request->control->dataplane), "instance",
                  request->control->instance, "limits", limits_json(request->control->config));
    return RS_REPLY_NOW;
}

/* The flags that matter here, of the first CPU as the kernel lists them. */
static json_t *cpu_features(void)
{
    static const char *const wanted[] = {"aes",      "pclmulqdq", "avx2",       "avx512f",
                                         "avx512bw", "vaes",      "vpclmulqdq", "sha_ni"};
    json_t *found = json_array();
    FILE *file = fopen("/proc/cpuinfo", "re");
    char *line = NULL;
    size_t size = 0;

    while (file != NULL && getline(&line, &size, file) > 0 && strncmp(line, "flags", 5) != 0)
        continue;
    for (char *state = NULL, *word = line != NULL ? strtok_r(line, " \t\n", &state) : NULL;
         word != NULL; word = strtok_r(NULL, " \t\n", &state)) {
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            if (strcmp(word, wanted[i]) == 0)
                json_array_append_new(found, json_string(word));
        }
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return found;
}

static bool lists(const json_t *array, const char *word)
{
    const json_t *value;
    size_t i;

    json_array_foreach(array, i, value) {
        if (strcmp(json_string_value(value), word) == 0)
            return true;
    }
    return false;
}

/* Tested anew for each asker. */
static bool works(const struct rs_control *control, const struct rs_suite *suite)
{
    return rs_dataplane_test_suite(control->dataplane, suite) == 0;
}

static json_t *suites_json(const struct rs_control *control)
{
    json_t *suites = json_array();

    for (size_t i = 0; i < rs_suite_count; i++) {
        const struct rs_suite *suite = &rs_suites[i];

        json_array_append_new(suites,
                              json_pack("{s:s, s:i, s:i, s:b, s:b}", "name", suite->name, "number",
                                        (int)suite->number, "tag_bytes", (int)suite->nt, "default",
                                        suite == control->config->e2ee.suite, "works",
                                        works(control, suite)));
    }
    return suites;
}

static json_t *codecs_json(void)
{
    json_t *codecs = json_array();

    for (size_t i = 0; i < rs_codec_count; i++)
        json_array_append_new(codecs, json_string(rs_codecs[i].name));
    json_array_append_new(codecs, json_string("rtx")); /* with the apt of any of these */
    return codecs;
}

enum rs_reply rs_method_has_e2ee_support(struct rs_request *request, const void *params)
{
    const struct rs_control *control = request->control;
    json_t *features = cpu_features();
    struct rs_host_info host = {0};
    const char *why_not = NULL;

    (void)params;
    rs_dataplane_get_host(control->dataplane, &host);
    if (!control->config->e2ee.enabled)
        why_not = "end-to-end encryption is switched off in the configuration (e2ee.enabled)";
    else if (!lists(features, "aes"))
        why_not = "the CPU has no AES instructions";
    else if (!works(control, control->config->e2ee.suite))
        why_not = "the self-test of the configured suite (e2ee.suite) fails on this host";
    request->result = json_pack("{s:b, s:s?, s:s, s:o, s:o, s:o}", "supported", why_not == NULL,
                                "why_not", why_not, "isa", host.isa, "cpu_features", features,
                                "suites", suites_json(control), "codecs", codecs_json());
    return RS_REPLY_NOW;
}
