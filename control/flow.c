/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a stream's packets look like, as parameters. Whether a link can carry the flow is decided
 * elsewhere.
 */
#include "flow.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, VLAN_MAX = 4094 };

static int parse_address(const json_t *value, const char *param, uint8_t *family, uint8_t out[16],
                         struct rs_error *error)
{
    const char *text = json_string_value(value);

    if (text != NULL && strlen(text) == json_string_length(value)) {
        if (inet_pton(AF_INET, text, out) == 1) {
            *family = 4;
            return 0;
        }
        if (inet_pton(AF_INET6, text, out) == 1) {
            *family = 6;
            return 0;
        }
    }
    return rs_error_set(error, RS_E_INVALID_PARAMS, param, "\"%s\" is an IPv4 or an IPv6 address",
                        param);
}

static int parse_number(const json_t *value, const char *param, int max, uint16_t *out,
                        struct rs_error *error)
{
    const json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 1 || number > max)
        return rs_error_set(error, RS_E_INVALID_PARAMS, param, "\"%s\" is an integer, 1 to %d",
                            param, max);
    *out = (uint16_t)number;
    return 0;
}

static int check_members(json_t *json, struct rs_error *error)
{
    static const char *const known[] = {"src_ip", "src_port", "dst_ip", "dst_port", "vlan"};
    const char *name;
    json_t *value;

    json_object_foreach(json, name, value) {
        size_t i = 0;

        (void)value;
        while (i < sizeof(known) / sizeof(known[0]) && strcmp(name, known[i]) != 0)
            i++;
        if (i == sizeof(known) / sizeof(known[0]))
            return rs_error_set(error, RS_E_INVALID_PARAMS, "flow",
                                "\"flow\" has src_ip, src_port, dst_ip, dst_port and vlan, "
                                "nothing else");
    }
    return 0;
}

static int parse_source(const json_t *json, struct rs_flow *flow, struct rs_error *error)
{
    const json_t *ip = json_object_get(json, "src_ip"), *port = json_object_get(json, "src_port");
    uint8_t family = flow->family;

    if (ip == NULL && port == NULL)
        return 0;
    if (ip == NULL || port == NULL)
        return rs_error_set(error, RS_E_INVALID_PARAMS,
                            ip == NULL ? "flow.src_ip" : "flow.src_port",
                            "\"src_ip\" and \"src_port\" are given together or not at all");
    if (parse_address(ip, "flow.src_ip", &family, flow->src, error) != 0 ||
        parse_number(port, "flow.src_port", PORT_MAX, &flow->src_port, error) != 0)
        return -1;
    if (family != flow->family)
        return rs_error_set(error, RS_E_INVALID_PARAMS, "flow.src_ip",
                            "both addresses are IPv4, or both IPv6");
    flow->has_source = true;
    return 0;
}

int rs_flow_parse(json_t *json, struct rs_flow *flow, struct rs_error *error)
{
    const json_t *vlan = json_object_get(json, "vlan");

    memset(flow, 0, sizeof(*flow));
    if (check_members(json, error) != 0 ||
        parse_address(json_object_get(json, "dst_ip"), "flow.dst_ip", &flow->family, flow->dst,
                      error) != 0 ||
        parse_number(json_object_get(json, "dst_port"), "flow.dst_port", PORT_MAX, &flow->dst_port,
                     error) != 0 ||
        parse_source(json, flow, error) != 0)
        return -1;
    return vlan != NULL ? parse_number(vlan, "flow.vlan", VLAN_MAX, &flow->vlan, error) : 0;
}

static int add_ssrc(const json_t *value, uint32_t *ssrcs, size_t *count)
{
    const json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
        return -1;
    for (size_t i = 0; i < *count; i++) {
        if (ssrcs[i] == (uint32_t)number)
            return -1;
    }
    ssrcs[(*count)++] = (uint32_t)number;
    return 0;
}

int rs_ssrcs_parse(const json_t *json, uint32_t *ssrcs, size_t max, size_t *count,
                   struct rs_error *error)
{
    const size_t given = json_is_array(json) ? json_array_size(json) : 1;
    int result = given >= 1 && given <= max ? 0 : -1;

    *count = 0;
    for (size_t i = 0; i < given && result == 0; i++)
        result = add_ssrc(json_is_array(json) ? json_array_get(json, i) : json, ssrcs, count);
    if (result != 0)
        return rs_error_set(error, RS_E_INVALID_PARAMS, "ssrc",
                            "\"ssrc\" is an integer, 0 to 4294967295, or a list of 1 to %zu "
                            "different ones",
                            max);
    return 0;
}

static json_t *address_json(uint8_t family, const uint8_t address[16])
{
    char text[INET6_ADDRSTRLEN];

    return json_string(inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, sizeof(text)));
}

json_t *rs_flow_json(const struct rs_flow *flow)
{
    json_t *json = json_object();

    if (flow->has_source) {
        json_object_set_new(json, "src_ip", address_json(flow->family, flow->src));
        json_object_set_new(json, "src_port", json_integer(flow->src_port));
    }
    json_object_set_new(json, "dst_ip", address_json(flow->family, flow->dst));
    json_object_set_new(json, "dst_port", json_integer(flow->dst_port));
    if (flow->vlan != 0)
        json_object_set_new(json, "vlan", json_integer(flow->vlan));
    return json;
}

json_t *rs_ssrcs_json(const uint32_t *ssrcs, size_t count)
{
    json_t *json = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(json, json_integer(ssrcs[i]));
    return json;
}
