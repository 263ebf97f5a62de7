/* SPDX-License-Identifier: BSD-3-Clause */
/* An address is whatever inet_pton takes, or six pairs of hex digits; words around it stay. */
#include "scrub.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 64, NAME_MAX_CHARS = 24, MAC_CHARS = 17 };

static const char *const secret_names[] = {"encryption_secret", "base_key", "secret", "password"};

void rs_scrub_secrets(json_t *document)
{
    const char *name;
    json_t *value;
    size_t i;

    json_array_foreach(document, i, value)
        rs_scrub_secrets(value);
    json_object_foreach(document, name, value) {
        for (i = 0; i < sizeof(secret_names) / sizeof(secret_names[0]); i++) {
            if (strcmp(name, secret_names[i]) == 0 && json_is_string(value))
                json_string_set(value, "removed");
        }
        rs_scrub_secrets(value);
    }
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* Text that grows. */
struct text {
    char *bytes;
    size_t count, room;
};

static bool append(struct text *text, const char *bytes, size_t count)
{
    if (text->count + count + 1 > text->room) {
        const size_t room = 2 * (text->count + count + 1);
        char *grown = realloc(text->bytes, room);

        if (grown == NULL)
            return false;
        text->bytes = grown;
        text->room = room;
    }
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
    text->bytes[text->count] = '\0';
    return true;
}

static bool is_mac(const char *word)
{
    if (strlen(word) != MAC_CHARS)
        return false;
    for (size_t i = 0; i < MAC_CHARS; i++) {
        if (i % 3 == 2 ? word[i] != ':' : !isxdigit((unsigned char)word[i]))
            return false;
    }
    return true;
}

/* "ip", "mac" or NULL. */
static const char *kind_of(const char *word)
{
    unsigned char address[16];

    if (inet_pton(AF_INET, word, address) == 1)
        return "ip";
    if (strchr(word, ':') == NULL)
        return NULL;
    if (is_mac(word))
        return "mac";
    return inet_pton(AF_INET6, word, address) == 1 ? "ip" : NULL;
}

/* The address's name: the one it was given before, or the next. */
static const char *name_of(json_t *names, const char *word, const char *kind)
{
    const char *known = json_string_value(json_object_get(names, word));
    char name[NAME_MAX_CHARS];

    if (known != NULL)
        return known;
    snprintf(name, sizeof(name), "%s-%zu", kind, json_object_size(names) + 1);
    json_object_set_new(names, word, json_string(name));
    return json_string_value(json_object_get(names, word));
}

static bool is_of_word(char c)
{
    return isxdigit((unsigned char)c) || c == '.' || c == ':';
}

/* The longest address that the word begins with, its end at a '.' or ':' or the word's. Returns its
 * length. */
static size_t find_address(const char *word, size_t bytes, const char **kind)
{
    char copy[WORD_MAX];

    for (size_t n = bytes; n > 1; n--) {
        if (n >= WORD_MAX || (n < bytes && word[n] != ':' && word[n] != '.'))
            continue;
        memcpy(copy, word, n);
        copy[n] = '\0';
        *kind = kind_of(copy);
        if (*kind != NULL)
            return n;
    }
    return 0;
}

/* Copies a word, with a name for the address in it. A word that goes on behind what could be one is
 * none. */
static bool append_word(struct text *text, json_t *names, const char *word, size_t bytes)
{
    const char *kind;
    const size_t n = find_address(word, bytes, &kind);
    char address[WORD_MAX];
    const char *name;

    if (n == 0)
        return append(text, word, bytes);
    memcpy(address, word, n);
    address[n] = '\0';
    name = name_of(names, address, kind);
    return name != NULL && append(text, name, strlen(name)) && append(text, word + n, bytes - n);
}

static char *scrub_text(json_t *names, const char *from)
{
    struct text text = {NULL, 0, 0};
    bool ok = append(&text, "", 0);

    while (ok && *from != '\0') {
        size_t bytes = 0;

        while (is_of_word(from[bytes]))
            bytes++;
        ok = bytes > 0 ? append_word(&text, names, from, bytes) : append(&text, from, 1);
        from += bytes > 0 ? bytes : 1;
    }
    if (ok)
        return text.bytes;
    free(text.bytes);
    return NULL;
}

static json_t *scrub(json_t *names, const json_t *value);

static json_t *scrub_string(json_t *names, const json_t *value)
{
    char *text = scrub_text(names, json_string_value(value));
    json_t *made = text != NULL ? json_string(text) : NULL;

    free(text);
    return made;
}

static json_t *scrub_object(json_t *names, const json_t *value)
{
    json_t *made = json_object(), *member;
    const char *name;

    json_object_foreach((json_t *)(uintptr_t)value, name, member) {
        char *text = scrub_text(names, name);

        if (text == NULL || json_object_set_new(made, text, scrub(names, member)) != 0) {
            free(text);
            json_decref(made);
            return NULL;
        }
        free(text);
    }
    return made;
}

static json_t *scrub(json_t *names, const json_t *value)
{
    json_t *made, *entry;
    size_t i;

    if (json_is_string(value))
        return scrub_string(names, value);
    if (json_is_object(value))
        return scrub_object(names, value);
    if (!json_is_array(value))
        return json_deep_copy(value);
    made = json_array();
    json_array_foreach(value, i, entry) {
        if (json_array_append_new(made, scrub(names, entry)) != 0) {
            json_decref(made);
            return NULL;
        }
    }
    return made;
}

json_t *rs_scrub_addresses(const json_t *document)
{
    json_t *names = json_object(), *made = names != NULL ? scrub(names, document) : NULL;

    json_decref(names);
    return made;
}
