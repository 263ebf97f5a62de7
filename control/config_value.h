/* SPDX-License-Identifier: BSD-3-Clause */
/* Single values of the configuration, each checked with an error that says all. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where values come from and where the first error goes; later ones are not written. */
struct rs_reader {
    const char *name; /* the file */
    char *error;
    size_t error_size;
    bool failed;
};

/* "NAME: PATH: "VALUE" is not accepted: expected ACCEPTED"; without a value: "is missing". A NULL
 * name is left out. */
void rs_value_fail(struct rs_reader *reader, const char *path, const char *value,
                   const char *accepted);

/* "NAME: no memory", as the first error. */
void rs_value_fail_memory(struct rs_reader *reader);

/* A copy for the caller to free; NULL for NULL, and where there is no memory, which is then an
 * error. */
char *rs_value_copy(struct rs_reader *reader, const char *text);

/* Each returns the value, or `otherwise` where text is NULL or wrong. */
uint32_t rs_value_number(struct rs_reader *reader, const char *path, const char *text, uint32_t min,
                         uint32_t max, uint32_t otherwise);
bool rs_value_bool(struct rs_reader *reader, const char *path, const char *text, bool otherwise);

/* Returns the index of the word in the NULL-terminated list. */
unsigned int rs_value_word(struct rs_reader *reader, const char *path, const char *text,
                           const char *const *words, unsigned int otherwise);

/* Adds CPU `text` to a list of `count` that holds at most `max`: online and not yet in it. */
void rs_value_cpu(struct rs_reader *reader, const char *path, const char *text, unsigned int *cpus,
                  size_t *count, size_t max);
