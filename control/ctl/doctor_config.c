/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The few values of the file that ask something of a host. Whether it is accepted as a whole is
 * asked of the daemon (doctor_software.c), not said here.
 */
#include "doctor_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"

enum { FILE_MAX_BYTES = 1 << 20, SFRAME_BYTES = 18 /* of the header and the sealed trailer */ };

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static char *copy_of(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = text_of(object, name);

    return strdup(text != NULL ? text : otherwise);
}

/* A number, with or without quotes. */
static bool read_number(const json_t *value, unsigned long *number)
{
    char *end;

    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *number = (unsigned long)json_integer_value(value);
        return true;
    }
    if (!json_is_string(value) || json_string_value(value)[0] < '0' ||
        json_string_value(value)[0] > '9')
        return false;
    *number = strtoul(json_string_value(value), &end, 10);
    return *end == '\0';
}

/* Values that are not accepted count as not given: the daemon will say what is wrong with them. */
static uint32_t number_or(const json_t *object, const char *name, uint32_t least, uint32_t most,
                          uint32_t otherwise)
{
    unsigned long number;

    if (!read_number(json_object_get(object, name), &number) || number < least || number > most)
        return otherwise;
    return (uint32_t)number;
}

/* Copies the text behind `key`= in "name,key=value,...". Returns whether it is there. */
static bool find_argument(const char *vdev, const char *key, char *value, size_t size)
{
    const size_t bytes = strlen(key);

    for (const char *at = strchr(vdev, ','); at != NULL; at = strchr(at, ',')) {
        at++;
        if (strncmp(at, key, bytes) != 0 || at[bytes] != '=')
            continue;
        at += bytes + 1;
        snprintf(value, size, "%.*s", (int)strcspn(at, ","), at);
        return true;
    }
    return false;
}

/* Interfaces' names stand in commands that people copy: no others than these. */
static bool is_plain_name(const char *name)
{
    return name[0] != '\0' && name[0] != '-' &&
           name[strspn(name,
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@-")] ==
               '\0';
}

static void find_interface(struct rs_doctor_port *port)
{
    static const struct {
        const char *driver, *key;
    } keys[] = {
        {"net_af_packet", "iface"},  {"net_af_xdp", "iface"},  {"net_pcap", "iface"},
        {"net_pcap", "rx_iface_in"}, {"net_pcap", "rx_iface"}, {"net_pcap", "tx_iface"},
    };
    char name[RS_DOCTOR_NAME_MAX];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(port->driver, keys[i].driver) != 0 ||
            !find_argument(port->vdev, keys[i].key, name, sizeof(name)))
            continue;
        if (is_plain_name(name) && strlen(name) < IFNAMSIZ)
            snprintf(port->interface, sizeof(port->interface), "%.15s", name);
        return;
    }
}

static void add_port(struct rs_doctor_config *config, size_t link, const char *side,
                     const json_t *file)
{
    struct rs_doctor_port *port = &config->ports[config->port_count];
    const char *pci = text_of(file, "pci"), *vdev = text_of(file, "vdev");
    size_t bytes;

    if (config->port_count == RS_DOCTOR_PORTS_MAX)
        return;
    config->port_count++;
    snprintf(port->path, sizeof(port->path), "links[%zu].%s", link, side);
    if (pci != NULL && is_plain_name(pci)) /* the domain may be left out */
        snprintf(port->pci, sizeof(port->pci), "%s%s",
                 strchr(pci, ':') == strrchr(pci, ':') ? "0000:" : "", pci);
    if (vdev == NULL || pci != NULL)
        return;
    port->vdev = strdup(vdev);
    bytes = strcspn(vdev, ",");
    while (bytes > 0 && vdev[bytes - 1] >= '0' && vdev[bytes - 1] <= '9')
        bytes--;
    snprintf(port->driver, sizeof(port->driver), "%.*s", (int)bytes, vdev);
    if (port->vdev != NULL)
        find_interface(port);
}

/* By how much payloads grow, as the names of the suites say it. */
static unsigned int overhead_of(const char *suite)
{
    static const struct {
        const char *end;
        unsigned int tag_bytes;
    } tags[] = {{"_80", 10}, {"_64", 8}, {"_32", 4}, {"_128", 16}, {"AES_256_CTR", 0}};

    for (size_t i = 0; suite != NULL && i < sizeof(tags) / sizeof(tags[0]); i++) {
        const size_t bytes = strlen(tags[i].end), all = strlen(suite);

        if (all >= bytes && strcmp(suite + all - bytes, tags[i].end) == 0)
            return SFRAME_BYTES + tags[i].tag_bytes;
    }
    return SFRAME_BYTES + tags[0].tag_bytes;
}

static void take_cpus(struct rs_doctor_config *config, const json_t *cpus)
{
    const json_t *cpu;
    size_t i;

    json_array_foreach(cpus, i, cpu) {
        unsigned long number;

        if (!read_number(cpu, &number))
            continue;
        if (number < CPU_SETSIZE)
            CPU_SET(number, &config->cpus);
        config->cpu_count++;
    }
}

static bool is(const json_t *object, const char *name, const char *word)
{
    const char *text = text_of(object, name);

    return text != NULL && strcmp(text, word) == 0;
}

static void take_values(struct rs_doctor_config *config, const json_t *file)
{
    const json_t *memory = json_object_get(file, "memory");
    const json_t *limits = json_object_get(file, "limits");
    const json_t *control = json_object_get(file, "control");
    const json_t *link;
    size_t i;

    config->memory_mb = number_or(memory, "mb", 64, 1048576, 512);
    config->hugepages = is(memory, "hugepages", "off")        ? RS_DOCTOR_HUGE_OFF
                        : is(memory, "hugepages", "required") ? RS_DOCTOR_HUGE_REQUIRED
                                                              : RS_DOCTOR_HUGE_AUTO;
    config->sessions = number_or(limits, "sessions", 1, 1 << 24, 65536);
    config->senders = number_or(limits, "senders", 1, 1 << 24, 262144);
    config->lock_keys =
        !is(file, "lock_keys", "no") && !json_is_false(json_object_get(file, "lock_keys"));
    config->overhead_bytes = overhead_of(text_of(json_object_get(file, "e2ee"), "suite"));
    config->socket = copy_of(control, "socket", "/run/rtpseal/control.sock");
    config->operators = copy_of(control, "operators", "rtpseal");
    config->viewers = copy_of(control, "viewers", "rtpseal-view");
    take_cpus(config, json_object_get(file, "cpus"));
    json_array_foreach(json_object_get(file, "links"), i, link) {
        add_port(config, i, "plain", json_object_get(link, "plain"));
        add_port(config, i, "sealed", json_object_get(link, "sealed"));
    }
}

static void parse(struct rs_doctor_config *config, const char *text, size_t bytes)
{
    struct rs_document_error error;
    json_t *file;

    if (rs_document_parse(text, bytes, &file, &error) != 0) {
        config->state = RS_DOCTOR_CONFIG_BAD;
        snprintf(config->error, sizeof(config->error), "%.200s: line %zu: %s", config->path,
                 error.line, error.text);
        return;
    }
    config->state = RS_DOCTOR_CONFIG_READ;
    take_values(config, file);
    json_decref(file);
}

static void read_file(struct rs_doctor_config *config)
{
    FILE *stream = fopen(config->path, "re");
    char *text = stream != NULL ? malloc(FILE_MAX_BYTES) : NULL;
    size_t bytes;

    if (text == NULL) {
        config->state = errno == ENOENT ? RS_DOCTOR_CONFIG_ABSENT : RS_DOCTOR_CONFIG_UNREADABLE;
        snprintf(config->error, sizeof(config->error), "%s: %s", config->path, strerror(errno));
    } else {
        bytes = fread(text, 1, FILE_MAX_BYTES, stream);
        if (ferror(stream)) {
            config->state = RS_DOCTOR_CONFIG_UNREADABLE;
            snprintf(config->error, sizeof(config->error), "%s: cannot be read", config->path);
        } else {
            parse(config, text, bytes);
        }
    }
    free(text);
    if (stream != NULL)
        fclose(stream);
}

struct rs_doctor_config *rs_doctor_config_read(const char *path)
{
    struct rs_doctor_config *config = calloc(1, sizeof(*config));

    if (config == NULL)
        return NULL;
    config->path = path;
    read_file(config);
    if (config->state != RS_DOCTOR_CONFIG_READ)
        take_values(config, NULL);
    return config;
}

void rs_doctor_config_free(struct rs_doctor_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->port_count; i++)
        free((char *)(uintptr_t)config->ports[i].vdev);
    free(config->socket);
    free(config->operators);
    free(config->viewers);
    free(config);
}

uint32_t rs_doctor_argument(const struct rs_doctor_port *port, const char *key, uint32_t otherwise)
{
    char value[32];

    if (port->vdev == NULL || !find_argument(port->vdev, key, value, sizeof(value)))
        return otherwise;
    return (uint32_t)strtoul(value, NULL, 10);
}

bool rs_doctor_port_is(const struct rs_doctor_port *port, const char *driver)
{
    return strcmp(port->driver, driver) == 0;
}
