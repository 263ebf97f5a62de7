/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload types and their codecs, as SDP would have them. RTX (RFC 4588) is no codec: it is said of
 * a payload type by naming another one, and its packets are sealed as the other's.
 */
#include "payload_types.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 5761 section 4: RTCP is told from RTP by these. */
enum { PT_RTCP_FIRST = 64, PT_RTCP_LAST = 95 };

#define PARAM "payload_types"

/* Returns the payload type, or -1. "07" and "+7" are none. */
static int parse_number(const char *text)
{
    char canonical[16];
    const int number = atoi(text);

    snprintf(canonical, sizeof(canonical), "%d", number);
    if (number < 0 || number >= RS_PAYLOAD_TYPES || strcmp(canonical, text) != 0)
        return -1;
    return number >= PT_RTCP_FIRST && number <= PT_RTCP_LAST ? -1 : number;
}

static bool is_rtx(const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "codec"));

    return name != NULL && strcasecmp(name, "rtx") == 0;
}

static int parse_codec(const json_t *json, int number, struct rs_payload_types *types,
                       struct rs_error *error)
{
    const json_t *name = json_object_get(json, "codec");
    struct rs_format format = {0};

    if (!json_is_string(name))
        return rs_error_set(error, RS_E_INVALID_PARAMS, PARAM,
                            "each payload type has a \"codec\", a string");
    format.codec = rs_codec_find(json_string_value(name));
    if (format.codec == NULL)
        return rs_error_set(error, RS_E_UNKNOWN_CODEC, PARAM,
                            "payload type %d: there is no such codec: "
                            "has_end_to_end_encryption_support lists them",
                            number);
    if (json_object_get(json, "apt") != NULL)
        return rs_error_set(error, RS_E_INVALID_PARAMS, PARAM,
                            "payload type %d: only codec rtx has an \"apt\"", number);
    if (json_object_size(json) != 1)
        return rs_error_set(error, RS_E_INVALID_PARAMS, PARAM,
                            "payload type %d: a \"codec\", for rtx also an \"apt\", and nothing "
                            "else",
                            number);
    types->formats[number] = rs_format_pack(format);
    return 0;
}

/* After all codecs. The apt is a payload type with a codec of its own: no rtx of rtx. */
static int parse_rtx(const json_t *json, int number, struct rs_payload_types *types,
                     struct rs_error *error)
{
    const json_t *apt = json_object_get(json, "apt");
    const json_int_t value = json_integer_value(apt);
    struct rs_format format;

    if (!json_is_integer(apt) || value < 0 || value >= RS_PAYLOAD_TYPES)
        return rs_error_set(error, RS_E_INVALID_PARAMS, PARAM,
                            "payload type %d: rtx has an \"apt\", the number of the payload type "
                            "that it sends again",
                            number);
    if (json_object_size(json) != 2)
        return rs_error_set(error, RS_E_INVALID_PARAMS, PARAM,
                            "payload type %d: rtx has a \"codec\", an \"apt\" and nothing else",
                            number);
    format = rs_format_unpack(types->formats[value]);
    if (format.codec == NULL || format.is_rtx)
        return rs_error_set(error, RS_E_INVALID_PARAMS, PARAM,
                            "payload type %d: the \"apt\" of rtx is another payload type that is "
                            "named here and is not rtx",
                            number);
    format.is_rtx = true;
    types->formats[number] = rs_format_pack(format);
    types->apts[number] = (uint8_t)value;
    return 0;
}

int rs_payload_types_parse(json_t *json, struct rs_payload_types *types, struct rs_error *error)
{
    const char *key;
    json_t *value;

    json_object_foreach(json, key, value) {
        const int number = parse_number(key);

        if (number < 0)
            return rs_error_set(error, RS_E_BAD_PAYLOAD_TYPE, PARAM,
                                "a payload type is 0 to 63 or 96 to 127");
        if (!is_rtx(value) && parse_codec(value, number, types, error) != 0)
            return -1;
    }
    /* An apt may be named after its rtx. */
    json_object_foreach(json, key, value) {
        if (is_rtx(value) && parse_rtx(value, parse_number(key), types, error) != 0)
            return -1;
    }
    return 0;
}

json_t *rs_payload_types_json(const struct rs_payload_types *types)
{
    json_t *json = json_object();
    char key[16];

    for (int i = 0; i < RS_PAYLOAD_TYPES; i++) {
        const struct rs_format format = rs_format_unpack(types->formats[i]);

        if (format.codec == NULL)
            continue;
        snprintf(key, sizeof(key), "%d", i);
        json_object_set_new(json, key,
                            format.is_rtx
                                ? json_pack("{s:s, s:i}", "codec", "rtx", "apt", types->apts[i])
                                : json_pack("{s:s}", "codec", format.codec->name));
    }
    return json;
}
