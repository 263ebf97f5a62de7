/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading /proc, /sys and /etc. What their contents mean is said where they are asked for. */
#include "doctor_host.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool rs_host_is_live(const struct rs_host *host)
{
    return host->root[0] == '\0';
}

static void write_path(const struct rs_host *host, char path[RS_HOST_PATH_MAX], const char *format,
                       va_list list)
{
    const int used = snprintf(path, RS_HOST_PATH_MAX, "%s", host->root);

    if (used >= 0 && used < RS_HOST_PATH_MAX)
        vsnprintf(path + used, RS_HOST_PATH_MAX - (size_t)used, format, list);
}

#define PATH(path, host, format)                                                                   \
    do {                                                                                           \
        va_list list_;                                                                             \
        va_start(list_, format);                                                                   \
        write_path(host, path, format, list_);                                                     \
        va_end(list_);                                                                             \
    } while (0)

bool rs_host_exists(const struct rs_host *host, const char *format, ...)
{
    char path[RS_HOST_PATH_MAX];

    PATH(path, host, format);
    return access(path, F_OK) == 0;
}

/* The first line that begins with `key`, or the first of all where that is NULL. */
static int read_line(const char *path, const char *key, char line[RS_HOST_LINE_MAX])
{
    FILE *file = fopen(path, "re");
    int error = -ENOENT;

    if (file == NULL)
        return -errno;
    while (error != 0 && fgets(line, RS_HOST_LINE_MAX, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (key == NULL || strncmp(line, key, strlen(key)) == 0)
            error = 0;
    }
    fclose(file);
    return error;
}

int rs_host_read(const struct rs_host *host, char line[RS_HOST_LINE_MAX], const char *format, ...)
{
    char path[RS_HOST_PATH_MAX];

    PATH(path, host, format);
    return read_line(path, NULL, line);
}

int64_t rs_host_number(const struct rs_host *host, int64_t otherwise, const char *format, ...)
{
    char path[RS_HOST_PATH_MAX], line[RS_HOST_LINE_MAX], *end;
    int64_t number;

    PATH(path, host, format);
    if (read_line(path, NULL, line) != 0)
        return otherwise;
    number = strtoll(line, &end, 10);
    return end != line ? number : otherwise;
}

int rs_host_link(const struct rs_host *host, char name[RS_HOST_PATH_MAX], const char *format, ...)
{
    char path[RS_HOST_PATH_MAX], target[RS_HOST_PATH_MAX];
    const char *last;
    ssize_t bytes;

    PATH(path, host, format);
    bytes = readlink(path, target, sizeof(target) - 1);
    if (bytes < 0)
        return -errno;
    target[bytes] = '\0';
    last = strrchr(target, '/');
    snprintf(name, RS_HOST_PATH_MAX, "%s", last != NULL ? last + 1 : target);
    return 0;
}

int rs_host_find(const struct rs_host *host, const char *key, char value[RS_HOST_LINE_MAX],
                 const char *format, ...)
{
    char path[RS_HOST_PATH_MAX], line[RS_HOST_LINE_MAX];
    const char *text;
    int error;

    PATH(path, host, format);
    error = read_line(path, key, line);
    if (error != 0)
        return error;
    text = line + strlen(key);
    text += strspn(text, " \t");
    text += *text == ':' || *text == '=' ? 1 : 0;
    text += strspn(text, " \t");
    snprintf(value, RS_HOST_LINE_MAX, "%s", text);
    return 0;
}

static int is_name(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int rs_host_list(const struct rs_host *host, rs_host_visit_fn *visit, void *context,
                 const char *format, ...)
{
    char path[RS_HOST_PATH_MAX];
    struct dirent **entries;
    int count, stopped = 0;

    PATH(path, host, format);
    count = scandir(path, &entries, is_name, versionsort);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        if (stopped == 0)
            stopped = visit(context, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return count;
}

/* ---- lists -------------------------------------------------------------------------------- */

void rs_host_parse_cpus(const char *text, cpu_set_t *cpus)
{
    char *end;

    CPU_ZERO(cpus);
    while (*text >= '0' && *text <= '9') {
        const unsigned long first = strtoul(text, &end, 10);
        const unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

        for (unsigned long cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu++)
            CPU_SET(cpu, cpus);
        text = *end == ',' ? end + 1 : end;
    }
}

int rs_host_cpus(const struct rs_host *host, cpu_set_t *cpus, const char *format, ...)
{
    char path[RS_HOST_PATH_MAX], line[RS_HOST_LINE_MAX];
    int error;

    PATH(path, host, format);
    error = read_line(path, NULL, line);
    rs_host_parse_cpus(error == 0 ? line : "", cpus);
    return error;
}

void rs_host_write_cpus(const cpu_set_t *cpus, char text[RS_HOST_CPUS_TEXT])
{
    size_t used = 0;

    snprintf(text, RS_HOST_CPUS_TEXT, "none");
    for (int first = 0; first < CPU_SETSIZE && used < RS_HOST_CPUS_TEXT; first++) {
        int last = first;

        if (!CPU_ISSET(first, cpus))
            continue;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
            last++;
        used +=
            (size_t)snprintf(text + used, RS_HOST_CPUS_TEXT - used,
                             first == last ? "%s%d" : "%s%d-%d", used > 0 ? "," : "", first, last);
        first = last;
    }
}

void rs_host_spell_cpus(const cpu_set_t *cpus, char text[RS_HOST_CPUS_TEXT])
{
    size_t used = 0;

    text[0] = '\0';
    for (int cpu = 0; cpu < CPU_SETSIZE && used < RS_HOST_CPUS_TEXT; cpu++) {
        if (CPU_ISSET(cpu, cpus))
            used += (size_t)snprintf(text + used, RS_HOST_CPUS_TEXT - used, "%s%d",
                                     used > 0 ? " " : "", cpu);
    }
}

bool rs_host_has_word(const char *list, const char *word)
{
    const size_t bytes = strlen(word);

    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word)) {
        const bool begins = at == list || strchr(" \t,", at[-1]) != NULL;

        if (begins && strchr(" \t\n,", at[bytes]) != NULL)
            return true;
    }
    return false;
}
