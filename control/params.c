/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decodes parameters by table. What they mean together is the methods' matter; here each is looked
 * at alone. An error names the parameter and what is accepted and never shows the value, which may
 * be a secret under a misspelt name.
 */
#include "params.h"

#include <string.h>

bool rs_id_valid(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._~-";
    const size_t length = strlen(text);

    return length >= 1 && length <= RS_ID_MAX && strspn(text, allowed) == length;
}

const char *rs_param_type_name(enum rs_param_type type)
{
    switch (type) {
    case RS_PARAM_BOOL:
        return "boolean";
    case RS_PARAM_UINT:
    case RS_PARAM_UINT_OR_ZERO:
        return "integer";
    case RS_PARAM_OBJECT:
        return "object";
    case RS_PARAM_ARRAY:
        return "array";
    case RS_PARAM_INT_OR_ARRAY:
        return "integer or array";
    default:
        return "string";
    }
}

uint64_t rs_optional_or(struct rs_optional optional, uint64_t otherwise)
{
    return optional.given ? optional.value : otherwise;
}

static bool decode_string(const struct rs_param *param, const json_t *value, void *field)
{
    const char *text = json_string_value(value);

    if (text == NULL || strlen(text) != json_string_length(value))
        return false;
    if (param->type == RS_PARAM_ID && !rs_id_valid(text))
        return false;
    *(const char **)field = text;
    return true;
}

static bool decode_secret(const json_t *value, void *field)
{
    if (!json_is_string(value))
        return false;
    *(struct rs_text *)field =
        (struct rs_text){json_string_value(value), json_string_length(value)};
    return true;
}

static bool decode_uint(const struct rs_param *param, const json_t *value, void *field)
{
    const json_int_t number = json_integer_value(value);
    const bool zero = param->type == RS_PARAM_UINT_OR_ZERO && number == 0;

    if (!json_is_integer(value) || number < 0)
        return false;
    if (!zero && ((uint64_t)number < param->min || (uint64_t)number > param->max))
        return false;
    *(struct rs_optional *)field = (struct rs_optional){true, (uint64_t)number};
    return true;
}

static bool decode_word(const struct rs_param *param, const json_t *value, void *field)
{
    const char *text = json_string_value(value);

    for (unsigned int i = 0; text != NULL && param->words[i] != NULL; i++) {
        if (strcmp(text, param->words[i]) == 0) {
            *(unsigned int *)field = i + 1;
            return true;
        }
    }
    return false;
}

static bool decode_borrowed(const struct rs_param *param, json_t *value, void *field)
{
    if (param->type == RS_PARAM_OBJECT && !json_is_object(value))
        return false;
    if (param->type == RS_PARAM_ARRAY && !json_is_array(value))
        return false;
    if (param->type == RS_PARAM_INT_OR_ARRAY && !json_is_array(value) && !json_is_integer(value))
        return false;
    *(json_t **)field = value;
    return true;
}

static bool decode_one(const struct rs_param *param, json_t *value, void *out)
{
    void *field = (char *)out + param->offset;

    switch (param->type) {
    case RS_PARAM_ID:
    case RS_PARAM_STRING:
        return decode_string(param, value, field);
    case RS_PARAM_SECRET:
        return decode_secret(value, field);
    case RS_PARAM_BOOL:
        if (!json_is_boolean(value))
            return false;
        *(struct rs_optional *)field = (struct rs_optional){true, json_is_true(value)};
        return true;
    case RS_PARAM_UINT:
    case RS_PARAM_UINT_OR_ZERO:
        return decode_uint(param, value, field);
    case RS_PARAM_WORD:
        return decode_word(param, value, field);
    default:
        return decode_borrowed(param, value, field);
    }
}

static const struct rs_param *find_param(const struct rs_param *table, size_t count,
                                         const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

/* A name that a client made up may be long, or hold anything: only a plain one is repeated. */
static int fail_unknown(struct rs_error *error, const char *name)
{
    if (strlen(name) < sizeof(error->param) && rs_id_valid(name))
        return rs_error_set(error, RS_E_INVALID_PARAMS, name, "unknown parameter \"%s\"", name);
    return rs_error_set(error, RS_E_INVALID_PARAMS, NULL, "unknown parameter");
}

int rs_params_decode(const struct rs_param *table, size_t count, json_t *params, void *out,
                     struct rs_error *error)
{
    const char *name;
    json_t *value;

    json_object_foreach(params, name, value) {
        const struct rs_param *param = find_param(table, count, name);

        if (param == NULL)
            return fail_unknown(error, name);
        if (!decode_one(param, value, out))
            return rs_error_set(error, RS_E_INVALID_PARAMS, param->name, "\"%s\" is %s",
                                param->name, param->accepted);
    }
    for (size_t i = 0; i < count; i++) {
        if (table[i].need == RS_REQUIRED && json_object_get(params, table[i].name) == NULL)
            return rs_error_set(error, RS_E_INVALID_PARAMS, table[i].name,
                                "\"%s\" is missing: it is %s", table[i].name, table[i].accepted);
    }
    return 0;
}
