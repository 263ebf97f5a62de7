/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How values are written on the command line. Checks their form only: what they mean, and whether
 * it is allowed, is the daemon's to say.
 */
#include "values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX_BYTES = 256, VLAN_MAX = 4094, PORT_MAX = 65535, PAYLOAD_TYPE_MAX = 127 };
#define NUMBER_MAX ((json_int_t)1 << 53)

static int parse_number(const char *text, json_int_t most, json_int_t *number)
{
    char *end;
    long long value;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    value = strtoll(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
    if (errno != 0 || *end != '\0' || end == text || value > most)
        return -EINVAL;
    *number = value;
    return 0;
}

/* Copies the next piece up to `separator`; moves *text behind it, to NULL after the last. */
static int next_word(const char **text, char separator, char word[WORD_MAX_BYTES])
{
    const char *end = strchrnul(*text, separator);
    const size_t bytes = (size_t)(end - *text);

    if (bytes == 0 || bytes >= WORD_MAX_BYTES)
        return -EINVAL;
    memcpy(word, *text, bytes);
    word[bytes] = '\0';
    *text = *end == '\0' ? NULL : end + 1;
    return 0;
}

static int set(json_t *params, const char *name, json_t *value)
{
    return json_object_set_new(params, name, value) == 0 ? 0 : -EINVAL;
}

/* The object under `name`, made where there is none. Borrowed. */
static json_t *member_object(json_t *params, const char *name)
{
    json_t *object = json_object_get(params, name);

    if (object == NULL) {
        object = json_object();
        json_object_set_new(params, name, object);
    }
    return object;
}

int rs_value_string(json_t *params, const char *name, const char *text)
{
    return set(params, name, json_string(text));
}

int rs_value_true(json_t *params, const char *name, const char *text)
{
    (void)text;
    return set(params, name, json_true());
}

int rs_value_number(json_t *params, const char *name, const char *text)
{
    json_int_t number;

    if (parse_number(text, NUMBER_MAX, &number) != 0)
        return -EINVAL;
    return set(params, name, json_integer(number));
}

int rs_value_seconds(json_t *params, const char *name, const char *text)
{
    char *end;
    double seconds;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    seconds = strtod(text, &end);
    if (*end != '\0' || !(seconds >= 0.2 && seconds <= 60))
        return -EINVAL;
    return set(params, name, json_real(seconds));
}

static int append_number(json_t *list, const char *word)
{
    json_int_t number;

    if (parse_number(word, UINT32_MAX, &number) != 0)
        return -EINVAL;
    return json_array_append_new(list, json_integer(number));
}

static int append_string(json_t *list, const char *word)
{
    return json_array_append_new(list, json_string(word));
}

/* A list of the comma-separated words, each appended by `append`; NULL where one is refused. */
static json_t *parse_list(const char *text, int (*append)(json_t *list, const char *word))
{
    json_t *list = json_array();
    char word[WORD_MAX_BYTES];

    while (text != NULL) {
        if (next_word(&text, ',', word) != 0 || append(list, word) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

int rs_value_numbers(json_t *params, const char *name, const char *text)
{
    json_t *list = parse_list(text, append_number);
    int error;

    if (list == NULL)
        return -EINVAL;
    if (json_array_size(list) > 1)
        return set(params, name, list);
    error = set(params, name, json_incref(json_array_get(list, 0)));
    json_decref(list);
    return error;
}

int rs_value_strings(json_t *params, const char *name, const char *text)
{
    json_t *list = parse_list(text, append_string);

    return list != NULL ? set(params, name, list) : -EINVAL;
}

/* Whether the text is an address of its family: IPv6 stands in brackets. */
static bool is_address(const char *text, int family)
{
    struct in6_addr scratch;

    return inet_pton(family, text, &scratch) == 1;
}

static int parse_endpoint(const char *text, char address[WORD_MAX_BYTES], json_int_t *port)
{
    const char *rest = text[0] == '[' ? text + 1 : text;
    const int family = text[0] == '[' ? AF_INET6 : AF_INET;

    if (next_word(&rest, family == AF_INET6 ? ']' : ':', address) != 0 || rest == NULL)
        return -EINVAL;
    if (family == AF_INET6 && *rest++ != ':')
        return -EINVAL;
    if (!is_address(address, family) || parse_number(rest, PORT_MAX, port) != 0)
        return -EINVAL;
    return 0;
}

static int set_endpoint(json_t *flow, const char *ip_name, const char *port_name, const char *text)
{
    char address[WORD_MAX_BYTES];
    json_int_t port;

    if (parse_endpoint(text, address, &port) != 0)
        return -EINVAL;
    set(flow, ip_name, json_string(address));
    return set(flow, port_name, json_integer(port));
}

int rs_value_flow_src(json_t *params, const char *name, const char *text)
{
    return set_endpoint(member_object(params, name), "src_ip", "src_port", text);
}

int rs_value_flow_dst(json_t *params, const char *name, const char *text)
{
    return set_endpoint(member_object(params, name), "dst_ip", "dst_port", text);
}

int rs_value_flow(json_t *params, const char *name, const char *text)
{
    char source[WORD_MAX_BYTES];
    const char *rest = text;

    if (strchr(text, '>') == NULL)
        return rs_value_flow_dst(params, name, text);
    if (next_word(&rest, '>', source) != 0 || rs_value_flow_src(params, name, source) != 0)
        return -EINVAL;
    return rs_value_flow_dst(params, name, rest);
}

int rs_value_flow_vlan(json_t *params, const char *name, const char *text)
{
    json_int_t vlan;

    if (parse_number(text, VLAN_MAX, &vlan) != 0 || vlan == 0)
        return -EINVAL;
    return set(member_object(params, name), "vlan", json_integer(vlan));
}

/* What stands behind the '=': "VP8" or "rtx:96". A new object, or NULL. */
static json_t *parse_codec(const char *text)
{
    char name[WORD_MAX_BYTES];
    json_int_t apt;

    if (text == NULL || next_word(&text, ':', name) != 0)
        return NULL;
    if (text == NULL)
        return json_pack("{s:s}", "codec", name);
    if (parse_number(text, PAYLOAD_TYPE_MAX, &apt) != 0)
        return NULL;
    return json_pack("{s:s, s:I}", "codec", name, "apt", apt);
}

int rs_value_payload_type(json_t *params, const char *name, const char *text)
{
    json_t *types = member_object(params, name);
    char number[WORD_MAX_BYTES];
    json_int_t parsed;
    json_t *codec;

    if (next_word(&text, '=', number) != 0 ||
        parse_number(number, PAYLOAD_TYPE_MAX, &parsed) != 0 || json_object_get(types, number))
        return -EINVAL;
    codec = parse_codec(text);
    return codec != NULL ? set(types, number, codec) : -EINVAL;
}
