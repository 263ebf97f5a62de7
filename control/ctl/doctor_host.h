/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files by which a system tells about itself, of this one or of another whose files lie below a
 * directory. Read only.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RS_HOST_PATH_MAX = 512, RS_HOST_LINE_MAX = 4096, RS_HOST_CPUS_TEXT = 256 };

struct rs_host {
    const char *root; /* "" for this system, else the directory without a slash at its end */
};

/* Whether it is this system, so that the kernel can be asked too. */
bool rs_host_is_live(const struct rs_host *host);

bool rs_host_exists(const struct rs_host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first line of a file without its newline. Returns 0, or -errno. */
int rs_host_read(const struct rs_host *host, char line[RS_HOST_LINE_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A file's number; `otherwise` where there is none. */
int64_t rs_host_number(const struct rs_host *host, int64_t otherwise, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The last part of what a symbolic link points to. Returns 0, or -errno. */
int rs_host_link(const struct rs_host *host, char name[RS_HOST_PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What stands behind `key` in the first line that begins with it, blanks and one of ":=" skipped:
 * "flags" of /proc/cpuinfo. Returns 0, -ENOENT where no line does, or -errno.
 */
int rs_host_find(const struct rs_host *host, const char *key, char value[RS_HOST_LINE_MAX],
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Calls visit with each name in a directory, sorted, until it returns other than 0. Returns how
 * many there are, or -errno. */
typedef int rs_host_visit_fn(void *context, const char *name);
int rs_host_list(const struct rs_host *host, rs_host_visit_fn *visit, void *context,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A file that lists CPUs as "0,2-5". Returns 0, or -errno, and *cpus is empty then. */
int rs_host_cpus(const struct rs_host *host, cpu_set_t *cpus, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "0,2-5" to a set; what is no number ends it. And back; "none" for an empty one. */
void rs_host_parse_cpus(const char *text, cpu_set_t *cpus);
void rs_host_write_cpus(const cpu_set_t *cpus, char text[RS_HOST_CPUS_TEXT]);

/* "0 2 3 4 5", for a shell's loop. */
void rs_host_spell_cpus(const cpu_set_t *cpus, char text[RS_HOST_CPUS_TEXT]);

/* Whether a list of words, parted by blanks, has that one. */
bool rs_host_has_word(const char *list, const char *word);
