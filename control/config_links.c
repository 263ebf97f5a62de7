/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration's links: ports, media ranges, names. Each name and each device may occur once.
 */
#include "config_links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_NAME_MAX = 32, PATH_TEXT = 96 };

/* Of a port; 0 where it is left out. */
static uint16_t read_number(struct rs_reader *reader, const char *port, const char *key,
                            const char *text, uint32_t min, uint32_t max)
{
    char path[PATH_TEXT];

    if (text == NULL)
        return 0;
    snprintf(path, sizeof(path), "%s.%s", port, key);
    return (uint16_t)rs_value_number(reader, path, text, min, max, 0);
}

static void read_port(struct rs_reader *reader, const char *path, const struct rs_file_port *file,
                      struct rs_port_config *port)
{
    static const char accepted[] = "{pci: \"0000:03:00.0\"} or {vdev: \"NAME,OPTIONS\"}";

    if (file == NULL || (file->pci == NULL && file->vdev == NULL)) {
        rs_value_fail(reader, path, NULL, accepted);
        return;
    }
    if (file->pci != NULL && file->vdev != NULL) {
        rs_value_fail(reader, path, file->vdev, "pci or vdev, not both");
        return;
    }
    if (file->pci != NULL && strspn(file->pci, "0123456789abcdefABCDEF:.") != strlen(file->pci))
        rs_value_fail(reader, path, file->pci, "a PCI address such as 0000:03:00.0");
    if ((file->pci != NULL ? file->pci : file->vdev)[0] == '\0')
        rs_value_fail(reader, path, "", accepted);
    port->pci = rs_value_copy(reader, file->pci);
    port->vdev = rs_value_copy(reader, file->vdev);
    port->mtu = read_number(reader, path, "mtu", file->mtu, RS_MTU_MIN, RS_MTU_MAX);
    port->queues = read_number(reader, path, "queues", file->queues, 1, RS_MAX_WORKERS);
}

static void read_media(struct rs_reader *reader, unsigned int link, const struct rs_file_link *file,
                       struct rs_link_config *config)
{
    struct rs_range *ranges = calloc(file->media_count + 1, sizeof(ranges[0]));
    char path[PATH_TEXT];

    config->media = ranges;
    config->media_count = ranges != NULL ? file->media_count : 0;
    if (ranges == NULL)
        rs_value_fail_memory(reader);
    snprintf(path, sizeof(path), "links[%u].media", link);
    if (file->media_count == 0)
        rs_value_fail(reader, path, NULL, "at least one {ip: NETWORK, ports: \"FIRST-LAST\"}");
    for (uint32_t i = 0; i < config->media_count; i++) {
        const struct rs_file_range *range = &file->media[i];

        snprintf(path, sizeof(path), "links[%u].media[%u].ip", link, i);
        if (rs_range_parse_ip(range->ip, &ranges[i]) != 0)
            rs_value_fail(reader, path, range->ip,
                          "an address or a network without bits behind its prefix");
        snprintf(path, sizeof(path), "links[%u].media[%u].ports", link, i);
        if (range->ports == NULL || rs_range_parse_ports(range->ports, &ranges[i]) != 0)
            rs_value_fail(reader, path, range->ports, "FIRST-LAST or one port, 1 to 65535");
    }
}

static void read_link_name(struct rs_reader *reader, unsigned int index, const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_.-";
    char path[PATH_TEXT];

    snprintf(path, sizeof(path), "links[%u].name", index);
    if (name == NULL || name[0] == '\0' || strlen(name) > LINK_NAME_MAX ||
        strspn(name, allowed) != strlen(name))
        rs_value_fail(reader, path, name, "1 to 32 characters of A-Z a-z 0-9 _ . -");
}

static void read_link(struct rs_reader *reader, unsigned int index, const struct rs_file_link *file,
                      struct rs_link_config *link)
{
    static const char *const injected[] = {"drop", "pass_known", NULL};
    char path[PATH_TEXT];

    read_link_name(reader, index, file->name);
    link->name = rs_value_copy(reader, file->name != NULL ? file->name : "");
    snprintf(path, sizeof(path), "links[%u].plain", index);
    read_port(reader, path, file->plain, &link->plain);
    snprintf(path, sizeof(path), "links[%u].sealed", index);
    read_port(reader, path, file->sealed, &link->sealed);
    read_media(reader, index, file, link);
    snprintf(path, sizeof(path), "links[%u].injected", index);
    link->injected = (enum rs_injected_policy)rs_value_word(reader, path, file->injected, injected,
                                                            RS_INJECTED_DROP);
    snprintf(path, sizeof(path), "links[%u].icmp_too_big", index);
    link->icmp_too_big = rs_value_bool(reader, path, file->icmp_too_big, false);
    snprintf(path, sizeof(path), "links[%u].reassemble", index);
    link->reassemble = rs_value_bool(reader, path, file->reassemble, false);
}

/* What DPDK would take for the same device: a vdev is named by what comes before its options. */
static bool same_device(const struct rs_port_config *a, const struct rs_port_config *b)
{
    if (a->pci != NULL && b->pci != NULL)
        return strcasecmp(a->pci, b->pci) == 0;
    if (a->vdev == NULL || b->vdev == NULL)
        return false;
    return strcspn(a->vdev, ",") == strcspn(b->vdev, ",") &&
           strncmp(a->vdev, b->vdev, strcspn(a->vdev, ",")) == 0;
}

static void check_devices(struct rs_reader *reader, const struct rs_dataplane_config *config)
{
    static const char *const sides[] = {"plain", "sealed"};
    char path[PATH_TEXT];

    for (size_t i = 0; i < 2 * config->link_count; i++) {
        const struct rs_link_config *link = &config->links[i / 2];
        const struct rs_port_config *port = i % 2 == 0 ? &link->plain : &link->sealed;

        for (size_t j = 0; j < i; j++) {
            const struct rs_link_config *other = &config->links[j / 2];

            if (!same_device(port, j % 2 == 0 ? &other->plain : &other->sealed))
                continue;
            snprintf(path, sizeof(path), "links[%zu].%s", i / 2, sides[i % 2]);
            rs_value_fail(reader, path, port->pci != NULL ? port->pci : port->vdev,
                          "each device once");
        }
    }
}

static void check_names(struct rs_reader *reader, const struct rs_dataplane_config *config)
{
    char path[PATH_TEXT];

    for (size_t i = 0; i < config->link_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->links[i].name, config->links[j].name) != 0)
                continue;
            snprintf(path, sizeof(path), "links[%zu].name", i);
            rs_value_fail(reader, path, config->links[i].name, "each name once");
        }
    }
}

void rs_config_read_links(struct rs_reader *reader, const struct rs_file *file,
                          struct rs_dataplane_config *config)
{
    struct rs_link_config *links = calloc(file->links_count + 1, sizeof(links[0]));

    config->links = links;
    config->link_count = links != NULL ? file->links_count : 0;
    if (links == NULL) {
        rs_value_fail_memory(reader);
        return;
    }
    if (file->links_count == 0)
        rs_value_fail(reader, "links", NULL, "at least one link");
    if (file->links_count > RS_MAX_LINKS)
        rs_value_fail(reader, "links[64]", "", "64 links at most");
    for (unsigned int i = 0; i < config->link_count; i++)
        read_link(reader, i, &file->links[i], &links[i]);
    if (reader->failed)
        return;
    check_names(reader, config);
    check_devices(reader, config);
}

void rs_config_free_links(struct rs_dataplane_config *config)
{
    for (size_t i = 0; i < config->link_count; i++) {
        const struct rs_link_config *link = &config->links[i];

        free((char *)link->name);
        free((char *)link->plain.pci);
        free((char *)link->plain.vdev);
        free((char *)link->sealed.pci);
        free((char *)link->sealed.vdev);
        free((struct rs_range *)link->media);
    }
    free((struct rs_link_config *)config->links);
}
