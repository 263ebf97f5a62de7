/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The YAML schema: which keys there are and how they nest. The only user of libcyaml. Every scalar
 * is taken as text, so that one place, config.c, says what each may be.
 */
#include "config_file.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cyaml/cyaml.h>

#define TEXT(type, member)                                                                         \
    CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, \
                           0, CYAML_UNLIMITED)
#define PART(type, member, fields)                                                                 \
    CYAML_FIELD_MAPPING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type,        \
                            member, fields)
#define LIST(type, member, entry)                                                                  \
    CYAML_FIELD_SEQUENCE(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member,   \
                         entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t port_fields[] = {
    TEXT(rs_file_port, pci), TEXT(rs_file_port, vdev), TEXT(rs_file_port, mtu),
    TEXT(rs_file_port, queues), CYAML_FIELD_END};

static const cyaml_schema_field_t range_fields[] = {TEXT(rs_file_range, ip),
                                                    TEXT(rs_file_range, ports), CYAML_FIELD_END};

static const cyaml_schema_value_t range_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rs_file_range, range_fields)};

static const cyaml_schema_field_t link_fields[] = {TEXT(rs_file_link, name),
                                                   PART(rs_file_link, plain, port_fields),
                                                   PART(rs_file_link, sealed, port_fields),
                                                   LIST(rs_file_link, media, &range_entry),
                                                   TEXT(rs_file_link, injected),
                                                   TEXT(rs_file_link, icmp_too_big),
                                                   TEXT(rs_file_link, reassemble),
                                                   CYAML_FIELD_END};

static const cyaml_schema_value_t link_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rs_file_link, link_fields)};

static const cyaml_schema_value_t cpu_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t memory_fields[] = {
    TEXT(rs_file_memory, mb), TEXT(rs_file_memory, hugepages), CYAML_FIELD_END};

static const cyaml_schema_field_t control_fields[] = {
    TEXT(rs_file_control, socket), TEXT(rs_file_control, operators), TEXT(rs_file_control, viewers),
    TEXT(rs_file_control, requests_per_second), CYAML_FIELD_END};

static const cyaml_schema_field_t e2ee_fields[] = {TEXT(rs_file_e2ee, enabled),
                                                   TEXT(rs_file_e2ee, suite),
                                                   TEXT(rs_file_e2ee, grace_ms),
                                                   TEXT(rs_file_e2ee, activate_after_ms),
                                                   TEXT(rs_file_e2ee, replay_window),
                                                   TEXT(rs_file_e2ee, auth_failure_alarm),
                                                   CYAML_FIELD_END};

static const cyaml_schema_field_t limits_fields[] = {
    TEXT(rs_file_limits, sessions), TEXT(rs_file_limits, streams), TEXT(rs_file_limits, senders),
    CYAML_FIELD_END};

static const cyaml_schema_field_t project_fields[] = {TEXT(rs_file_project, key),
                                                      TEXT(rs_file_project, secret_file),
                                                      TEXT(rs_file_project, e2ee), CYAML_FIELD_END};

static const cyaml_schema_value_t project_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rs_file_project, project_fields)};

static const cyaml_schema_field_t http_fields[] = {
    TEXT(rs_file_http, listen), LIST(rs_file_http, projects, &project_entry), CYAML_FIELD_END};

static const cyaml_schema_field_t capture_fields[] = {TEXT(rs_file_capture, directory),
                                                      CYAML_FIELD_END};

static const cyaml_schema_field_t file_fields[] = {LIST(rs_file, cpus, &cpu_entry),
                                                   PART(rs_file, memory, memory_fields),
                                                   LIST(rs_file, links, &link_entry),
                                                   PART(rs_file, control, control_fields),
                                                   PART(rs_file, e2ee, e2ee_fields),
                                                   PART(rs_file, limits, limits_fields),
                                                   PART(rs_file, http, http_fields),
                                                   PART(rs_file, capture, capture_fields),
                                                   TEXT(rs_file, lock_keys),
                                                   TEXT(rs_file, user),
                                                   TEXT(rs_file, sandbox),
                                                   CYAML_FIELD_END};

static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rs_file, file_fields)};

enum { DEPTH_MAX = 8, NAME_MAX_BYTES = 64, MESSAGE_MAX = 160 };

/* What libcyaml says of one error: a message, then where, from the innermost outwards. */
struct complaint {
    char message[MESSAGE_MAX];
    char where[DEPTH_MAX][NAME_MAX_BYTES]; /* "links" or "[0]" */
    unsigned int depth;
    size_t line;
};

static void note_where(struct complaint *complaint, const char *text)
{
    char name[NAME_MAX_BYTES];
    size_t line = 0;
    unsigned int index;

    if (sscanf(text, "  in mapping field '%63[^']' (line: %zu", name, &line) >= 1)
        snprintf(complaint->where[complaint->depth++], NAME_MAX_BYTES, "%s", name);
    else if (sscanf(text, "  in sequence entry '%u' (line: %zu", &index, &line) >= 1)
        /* counted from 1 */
        snprintf(complaint->where[complaint->depth++], NAME_MAX_BYTES, "[%u]", index - 1);
    else
        sscanf(text, "  in mapping (line: %zu", &line);
    if (complaint->line == 0)
        complaint->line = line;
}

/* libyaml has no word for it. */
static bool says_no_memory(const char *text)
{
    return strcmp(text, "libyaml: (null)") == 0 || strncmp(text, "libyaml parser init", 19) == 0;
}

static void on_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
    struct complaint *complaint = context;
    char text[MESSAGE_MAX], *start;

    (void)level;
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\n")] = '\0';
    start = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
    if (strncmp(text, "  in ", 5) == 0 && complaint->depth < DEPTH_MAX)
        note_where(complaint, text);
    else if (complaint->message[0] == '\0')
        snprintf(complaint->message, MESSAGE_MAX, "%s",
                 says_no_memory(start) ? "no memory" : start);
}

static const cyaml_schema_field_t *fields_of(const cyaml_schema_value_t *value)
{
    if (value->type == CYAML_SEQUENCE)
        value = value->sequence.entry;
    return value->type == CYAML_MAPPING ? value->mapping.fields : NULL;
}

/* The keys of the mapping that the path leads to. */
static const cyaml_schema_field_t *find_fields(const struct complaint *complaint)
{
    const cyaml_schema_field_t *fields = file_fields;

    for (unsigned int i = complaint->depth; i > 0 && fields != NULL; i--) {
        const char *name = complaint->where[i - 1];

        if (name[0] == '[')
            continue;
        while (fields->key != NULL && strcmp(fields->key, name) != 0)
            fields++;
        fields = fields->key != NULL ? fields_of(&fields->value) : NULL;
    }
    return fields;
}

static void write_path(const struct complaint *complaint, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned int i = complaint->depth; i > 0 && used < size; i--) {
        const char *name = complaint->where[i - 1];

        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 used != 0 && name[0] != '[' ? "." : "", name);
    }
}

static void explain_key(const char *name, const struct complaint *complaint, const char *path,
                        const char *key, char *error, size_t size)
{
    const cyaml_schema_field_t *fields = find_fields(complaint);
    char keys[256] = "";
    size_t used = 0;

    for (; fields != NULL && fields->key != NULL && used < sizeof(keys); fields++)
        used += (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s", used != 0 ? ", " : "",
                                 fields->key);
    snprintf(error, size, "%s: %s%s%s: unknown key: expected %s", name, path,
             path[0] != '\0' ? "." : "", key, keys);
}

/* In the file's words where libcyaml speaks of its own; others are passed on. */
static void explain_shape(const struct complaint *complaint, const char *path, char *out,
                          size_t size)
{
    static const struct {
        const char *start, *text;
    } shapes[] = {
        {"Expecting MAPPING", "is not accepted: expected a mapping, {KEY: VALUE}"},
        {"Expecting SEQUENCE", "is not accepted: expected a list, [VALUE, VALUE]"},
        {"Expecting STRING", "is not accepted: expected one value"},
        {"Mapping field already seen", "is given twice"},
    };

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strncmp(complaint->message, shapes[i].start, strlen(shapes[i].start)) == 0) {
            snprintf(out, size, "%s: %s", path[0] != '\0' ? path : "the file", shapes[i].text);
            return;
        }
    }
    snprintf(out, size, "%s%s%s", path, path[0] != '\0' ? ": " : "", complaint->message);
}

static void explain(const char *name, const struct complaint *complaint, cyaml_err_t result,
                    char *error, size_t size)
{
    static const char unexpected[] = "Unexpected key: ";
    char path[DEPTH_MAX * NAME_MAX_BYTES], shape[DEPTH_MAX * NAME_MAX_BYTES + MESSAGE_MAX];

    write_path(complaint, path, sizeof(path));
    explain_shape(complaint, path, shape, sizeof(shape));
    if (strncmp(complaint->message, unexpected, strlen(unexpected)) == 0)
        explain_key(name, complaint, path, complaint->message + strlen(unexpected), error, size);
    else if (complaint->message[0] == '\0')
        snprintf(error, size, "%s: %s", name, cyaml_strerror(result));
    else if (complaint->line == 0 || strncmp(complaint->message, "Mapping field", 13) == 0)
        snprintf(error, size, "%s: %s", name, shape);
    else
        snprintf(error, size, "%s: %s (line %zu)", name, shape, complaint->line);
}

static const cyaml_config_t plain_config = {
    .log_level = CYAML_LOG_ERROR,
    .mem_fn = cyaml_mem,
    .flags = CYAML_CFG_DEFAULT,
};

struct rs_file *rs_file_parse(const char *name, const char *text, size_t bytes, char *error,
                              size_t error_size)
{
    struct complaint complaint = {0};
    cyaml_config_t config = plain_config;
    struct rs_file *file = NULL;
    cyaml_err_t result;

    config.log_fn = on_log;
    config.log_ctx = &complaint;
    result = cyaml_load_data((const uint8_t *)text, bytes, &config, &file_schema,
                             (cyaml_data_t **)&file, NULL);
    if (result == CYAML_OK && file != NULL)
        return file;
    if (result == CYAML_OK)
        snprintf(error, error_size, "%s: is empty", name);
    else if (result == CYAML_ERR_OOM)
        snprintf(error, error_size, "%s: no memory", name);
    else
        explain(name, &complaint, result, error, error_size);
    return NULL;
}

void rs_file_free(struct rs_file *file)
{
    cyaml_free(&plain_config, &file_schema, file, 0);
}
