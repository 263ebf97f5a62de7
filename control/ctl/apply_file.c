/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads the desired state and cuts it into requests. What its entries mean is the daemon's to say.
 */
#include "apply_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "say.h"
#include "wipe.h"

enum {
    FIRST_BYTES = 1 << 16,
    FILE_MAX_BYTES = 1 << 29, /* many times what a daemon's limits let in */
    CHUNK_BYTES = 60 * 1024,  /* of the 64 KiB that a request may have */
};

static const char *const kind_names[RS_APPLY_KINDS] = {"sessions", "streams"};

const char *rs_apply_kind_name(enum rs_apply_kind kind)
{
    return kind_names[kind];
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Twice the room, the text moved there. The old room is freed, and both are wiped in time. */
static char *grow(char *text, size_t used, size_t room)
{
    char *more = rs_wipe_alloc(room);

    if (more != NULL)
        memcpy(more, text, used);
    rs_wipe_free(text);
    return more;
}

/* Reads to the end. Returns memory for rs_wipe_free, or NULL with errno set. */
static char *read_all(int fd, size_t *bytes)
{
    size_t room = FIRST_BYTES, used = 0;
    char *text = rs_wipe_alloc(room);
    ssize_t got = 1;

    while (text != NULL && got != 0) {
        got = read(fd, text + used, room - used);
        if (got < 0 && errno != EINTR) {
            rs_wipe_free(text);
            return NULL;
        }
        used += got > 0 ? (size_t)got : 0;
        if (used < room)
            continue;
        if (room >= FILE_MAX_BYTES) {
            rs_wipe_free(text);
            errno = EFBIG;
            return NULL;
        }
        room *= 2;
        text = grow(text, used, room);
    }
    *bytes = used;
    return text;
}

static int parse(const char *path, json_t **document)
{
    const bool is_input = strcmp(path, "-") == 0;
    const int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct rs_document_error error;
    size_t bytes = 0;
    char *text = fd >= 0 ? read_all(fd, &bytes) : NULL;
    int result;

    if (text == NULL)
        rs_say(RS_EXIT_USAGE, "%s: %s", path, strerror(errno));
    if (fd >= 0 && !is_input)
        close(fd);
    if (text == NULL)
        return RS_EXIT_USAGE;
    result = rs_document_parse(text, bytes, document, &error);
    rs_wipe_free(text);
    if (result == 0)
        return RS_EXIT_OK;
    return rs_say(RS_EXIT_USAGE, "%s:%zu:%zu: %s", path, error.line, error.column, error.text);
}

/* ---- checking ----------------------------------------------------------------------------- */

static bool holds_secret(const json_t *value)
{
    json_t *entry;
    const char *name;
    size_t index;

    if (json_object_get(value, "encryption_secret") != NULL ||
        json_object_get(value, "base_key") != NULL)
        return true;
    json_object_foreach((json_t *)(uintptr_t)value, name, entry) {
        if (holds_secret(entry))
            return true;
    }
    json_array_foreach(value, index, entry) {
        if (holds_secret(entry))
            return true;
    }
    return false;
}

static int check_list(const char *path, const char *name, const json_t *list)
{
    json_t *entry;
    size_t index;

    if (!json_is_array(list) && !json_is_null(list))
        return rs_say(RS_EXIT_USAGE, "%s: \"%s\" is to be a list", path, name);
    json_array_foreach(list, index, entry) {
        if (!json_is_object(entry))
            return rs_say(RS_EXIT_USAGE, "%s: %s[%zu] is to be an object", path, name, index);
        if (json_dumpb(entry, NULL, 0, JSON_COMPACT) >= CHUNK_BYTES)
            return rs_say(RS_EXIT_USAGE, "%s: %s[%zu] is larger than a request may be", path, name,
                          index);
        if (holds_secret(entry))
            return rs_say(RS_EXIT_USAGE,
                          "%s: %s[%zu] holds a secret: a file that says what there is to be is no "
                          "place for one. Take it out, change it if others can have read it, and "
                          "give it to rtpsealctl session connect",
                          path, name, index);
    }
    return RS_EXIT_OK;
}

static int check(const char *path, struct rs_apply_file *file)
{
    const char *name;
    json_t *list;

    if (!json_is_object(file->document))
        return rs_say(RS_EXIT_USAGE,
                      "%s: to be a mapping with \"sessions\" and \"streams\", each a list", path);
    json_object_foreach(file->document, name, list) {
        int kind = 0;

        while (kind < RS_APPLY_KINDS && strcmp(kind_names[kind], name) != 0)
            kind++;
        if (kind == RS_APPLY_KINDS)
            return rs_say(RS_EXIT_USAGE,
                          "%s: unknown key \"%s\": there are \"sessions\" and \"streams\"", path,
                          name);
        if (check_list(path, name, list) != RS_EXIT_OK)
            return RS_EXIT_USAGE;
        file->lists[kind] = list;
    }
    return RS_EXIT_OK;
}

int rs_apply_file_read(const char *path, struct rs_apply_file *file)
{
    int code;

    *file = (struct rs_apply_file){0};
    code = parse(path, &file->document);
    return code == RS_EXIT_OK ? check(path, file) : code;
}

void rs_apply_file_fini(struct rs_apply_file *file)
{
    json_decref(file->document);
}

/* ---- pieces ------------------------------------------------------------------------------- */

size_t rs_apply_file_count(const struct rs_apply_file *file, enum rs_apply_kind kind)
{
    return json_array_size(file->lists[kind]);
}

json_t *rs_apply_file_chunk(const struct rs_apply_file *file, enum rs_apply_kind kind, size_t *next)
{
    json_t *chunk, *entry;
    size_t bytes = 0;

    if (*next >= rs_apply_file_count(file, kind))
        return NULL;
    chunk = json_array();
    while ((entry = json_array_get(file->lists[kind], *next)) != NULL) {
        bytes += json_dumpb(entry, NULL, 0, JSON_COMPACT) + 1;
        if (bytes > CHUNK_BYTES)
            break;
        json_array_append(chunk, entry);
        (*next)++;
    }
    return chunk;
}

char *rs_apply_file_place(enum rs_apply_kind kind, size_t first, const char *param)
{
    const size_t prefix = strlen(kind_names[kind]);
    char *place = NULL, *end;
    unsigned long index;

    if (param == NULL || strncmp(param, kind_names[kind], prefix) != 0 || param[prefix] != '[')
        return NULL;
    errno = 0;
    index = strtoul(param + prefix + 1, &end, 10);
    if (errno != 0 || end == param + prefix + 1 || *end != ']')
        return NULL;
    if (asprintf(&place, "%s[%zu%s", kind_names[kind], first + index, end) < 0)
        return NULL;
    return place;
}
