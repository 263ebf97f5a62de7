/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng's blocks, in the order of this machine's bytes, which the file itself says. */
#include "capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SECTION_HEADER = 0x0a0d0d0a,
    INTERFACE = 1,
    STATISTICS = 5,
    PACKET = 6,
    ORDER_MAGIC = 0x1a2b3c4d,
    LINK_ETHERNET = 1,
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2,        /* of an interface */
    OPTION_FLAGS = 2,       /* of a packet */
    OPTION_APPLICATION = 4, /* of a section */
    OPTION_RESOLUTION = 9,  /* of an interface */
    OPTION_DROPPED = 5,     /* of statistics */
    NANOSECONDS = 9,
    INBOUND = 1,
    BLOCK_MAX = 16384,
};

struct rs_capture_file {
    FILE *stream;
    unsigned int links;
    uint64_t last_ns;
};

/* A block under way. */
struct block {
    uint8_t bytes[BLOCK_MAX];
    uint32_t count;
};

static void put(struct block *block, const void *bytes, size_t count)
{
    memcpy(block->bytes + block->count, bytes, count);
    block->count += (uint32_t)count;
    while (block->count % 4 != 0)
        block->bytes[block->count++] = 0;
}

static void put32(struct block *block, uint32_t value)
{
    put(block, &value, sizeof(value));
}

static void put_option(struct block *block, uint16_t code, const void *value, size_t bytes)
{
    const uint16_t head[2] = {code, (uint16_t)bytes};

    put(block, head, sizeof(head));
    if (bytes > 0)
        put(block, value, bytes);
}

static void begin(struct block *block, uint32_t type)
{
    block->count = 0;
    put32(block, type);
    put32(block, 0); /* its length, when that is known */
}

static int end(struct rs_capture_file *file, struct block *block)
{
    const uint32_t bytes = block->count + (uint32_t)sizeof(uint32_t);

    memcpy(block->bytes + 4, &bytes, sizeof(bytes));
    put32(block, bytes);
    return fwrite(block->bytes, bytes, 1, file->stream) == 1 ? (int)bytes : -errno;
}

static int write_section(struct rs_capture_file *file, struct block *block)
{
    static const char application[] = "rtpseald " RTPSEAL_VERSION;
    const uint16_t version[2] = {1, 0};
    const int64_t length = -1;

    begin(block, SECTION_HEADER);
    put32(block, ORDER_MAGIC);
    put(block, version, sizeof(version));
    put(block, &length, sizeof(length));
    put_option(block, OPTION_APPLICATION, application, sizeof(application) - 1);
    put_option(block, OPTION_END, NULL, 0);
    return end(file, block);
}

static int write_interface(struct rs_capture_file *file, struct block *block, const char *link,
                           const char *side)
{
    const uint16_t type[2] = {LINK_ETHERNET, 0};
    const uint8_t resolution = NANOSECONDS;
    char name[80];

    begin(block, INTERFACE);
    put(block, type, sizeof(type));
    put32(block, 0); /* no limit */
    put_option(block, OPTION_NAME, name,
               (size_t)snprintf(name, sizeof(name), "%.60s %s", link, side));
    put_option(block, OPTION_RESOLUTION, &resolution, 1);
    put_option(block, OPTION_END, NULL, 0);
    return end(file, block);
}

static int write_front(struct rs_capture_file *file, const struct rs_dataplane_config *config)
{
    struct block block;
    int rc = write_section(file, &block);

    for (size_t l = 0; rc > 0 && l < config->link_count; l++) {
        rc = write_interface(file, &block, config->links[l].name, "plain");
        if (rc > 0)
            rc = write_interface(file, &block, config->links[l].name, "sealed");
    }
    return rc > 0 ? 0 : rc;
}

struct rs_capture_file *rs_capture_file_create(const char *path,
                                               const struct rs_dataplane_config *config)
{
    struct rs_capture_file *file = calloc(1, sizeof(*file));
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc;

    if (file == NULL || fd < 0 || (file->stream = fdopen(fd, "wb")) == NULL) {
        rc = errno;
        if (fd >= 0) {
            close(fd);
            unlink(path);
        }
        free(file);
        errno = rc;
        return NULL;
    }
    file->links = (unsigned int)config->link_count;
    rc = write_front(file, config);
    if (rc == 0 && fflush(file->stream) == 0)
        return file;
    rc = rc != 0 ? -rc : errno;
    fclose(file->stream);
    unlink(path);
    free(file);
    errno = rc;
    return NULL;
}

int rs_capture_file_write(struct rs_capture_file *file, const struct rs_captured *captured)
{
    const bool sealed_side = captured->direction == RS_OPEN;
    const uint32_t flags = INBOUND;
    struct block block;
    char comment[64];

    if (captured->kept + 256 > BLOCK_MAX)
        return -EMSGSIZE;
    file->last_ns = captured->at_ns;
    begin(&block, PACKET);
    put32(&block, captured->link * 2 + sealed_side);
    put32(&block, (uint32_t)(captured->at_ns >> 32));
    put32(&block, (uint32_t)captured->at_ns);
    put32(&block, captured->kept);
    put32(&block, captured->bytes);
    put(&block, captured->data, captured->kept);
    put_option(&block, OPTION_FLAGS, &flags, sizeof(flags));
    put_option(
        &block, OPTION_COMMENT, comment,
        (size_t)snprintf(comment, sizeof(comment), "%s", rs_outcome_name(captured->outcome)));
    put_option(&block, OPTION_END, NULL, 0);
    return end(file, &block);
}

int rs_capture_file_close(struct rs_capture_file *file, uint64_t missed)
{
    struct block block;
    int rc;

    begin(&block, STATISTICS);
    put32(&block, 0);
    put32(&block, (uint32_t)(file->last_ns >> 32));
    put32(&block, (uint32_t)file->last_ns);
    put_option(&block, OPTION_DROPPED, &missed, sizeof(missed));
    put_option(&block, OPTION_END, NULL, 0);
    rc = end(file, &block);
    if (fclose(file->stream) != 0 && rc >= 0)
        rc = -errno;
    free(file);
    return rc < 0 ? rc : 0;
}
