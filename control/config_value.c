/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers, words and CPUs out of text. Which keys there are is not here.
 */
#include "config_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rs_value_fail(struct rs_reader *reader, const char *path, const char *value,
                   const char *accepted)
{
    const char *name = reader->name != NULL ? reader->name : "";
    const char *colon = reader->name != NULL ? ": " : "";

    if (reader->failed)
        return;
    reader->failed = true;
    if (value == NULL)
        snprintf(reader->error, reader->error_size, "%s%s%s: is missing: expected %s", name, colon,
                 path, accepted);
    else
        snprintf(reader->error, reader->error_size,
                 "%s%s%s: \"%.80s\" is not accepted: expected %s", name, colon, path, value,
                 accepted);
}

void rs_value_fail_memory(struct rs_reader *reader)
{
    const char *name = reader->name != NULL ? reader->name : "configuration";

    if (!reader->failed)
        snprintf(reader->error, reader->error_size, "%s: no memory", name);
    reader->failed = true;
}

char *rs_value_copy(struct rs_reader *reader, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;

    if (text != NULL && copy == NULL)
        rs_value_fail_memory(reader);
    return copy;
}

/* Decimal digits alone, without sign, blanks or a leading zero. */
static bool parse_number(const char *text, uint64_t *value)
{
    const size_t length = strlen(text);

    if (length == 0 || length > 10 || strspn(text, "0123456789") != length ||
        (text[0] == '0' && length > 1))
        return false;
    *value = strtoull(text, NULL, 10);
    return true;
}

uint32_t rs_value_number(struct rs_reader *reader, const char *path, const char *text, uint32_t min,
                         uint32_t max, uint32_t otherwise)
{
    char accepted[64];
    uint64_t value;

    if (text == NULL)
        return otherwise;
    if (parse_number(text, &value) && value >= min && value <= max)
        return (uint32_t)value;
    snprintf(accepted, sizeof(accepted), "%" PRIu32 " to %" PRIu32, min, max);
    rs_value_fail(reader, path, text, accepted);
    return otherwise;
}

bool rs_value_bool(struct rs_reader *reader, const char *path, const char *text, bool otherwise)
{
    if (text == NULL)
        return otherwise;
    if (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0)
        return true;
    if (strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        rs_value_fail(reader, path, text, "yes or no");
    return false;
}

unsigned int rs_value_word(struct rs_reader *reader, const char *path, const char *text,
                           const char *const *words, unsigned int otherwise)
{
    char accepted[256] = "";
    size_t used = 0;

    if (text == NULL)
        return otherwise;
    for (unsigned int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0)
            return i;
        if (used < sizeof(accepted))
            used +=
                (size_t)snprintf(accepted + used, sizeof(accepted) - used, "%s%s",
                                 i == 0 ? "" : (words[i + 1] != NULL ? ", " : " or "), words[i]);
    }
    rs_value_fail(reader, path, text, accepted);
    return otherwise;
}

static bool cpu_is_online(unsigned int cpu)
{
    FILE *file = fopen("/sys/devices/system/cpu/online", "re");
    unsigned int first, last;
    bool online = false;
    int next = ',';

    if (file == NULL)
        return true; /* nobody can say; EAL will */
    while (next == ',' && fscanf(file, "%u", &first) == 1) {
        last = first;
        next = fgetc(file);
        if (next == '-' && fscanf(file, "%u", &last) == 1)
            next = fgetc(file);
        online = online || (cpu >= first && cpu <= last);
    }
    fclose(file);
    return online;
}

void rs_value_cpu(struct rs_reader *reader, const char *path, const char *text, unsigned int *cpus,
                  size_t *count, size_t max)
{
    uint64_t cpu;

    if (!parse_number(text, &cpu) || cpu > UINT16_MAX) {
        rs_value_fail(reader, path, text, "the number of a CPU");
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (cpus[i] == cpu) {
            rs_value_fail(reader, path, text, "each CPU once");
            return;
        }
    }
    if (!cpu_is_online((unsigned int)cpu))
        rs_value_fail(reader, path, text, "a CPU that is online");
    else if (*count == max)
        rs_value_fail(reader, path, text, "64 CPUs at most");
    else
        cpus[(*count)++] = (unsigned int)cpu;
}
