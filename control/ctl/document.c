/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From libyaml's events to jansson's values, and the only user of libyaml's header. Aliases are not
 * taken, so that a small text cannot be a huge document.
 */
#include "document.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

enum { DEPTH_MAX = 32 };

#define NO_ANCHORS "anchors (&name) and tags (!name) are not taken"

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one that is looked at */
    bool has_event;
    struct rs_document_error *error;
};

static int fail_at(struct reader *reader, const yaml_mark_t *mark, const char *text)
{
    reader->error->line = mark->line + 1;
    reader->error->column = mark->column + 1;
    snprintf(reader->error->text, sizeof(reader->error->text), "%s", text);
    return -EINVAL;
}

static int fail(struct reader *reader, const char *text)
{
    return fail_at(reader, &reader->event.start_mark, text);
}

/* Goes on to the next event. */
static int advance(struct reader *reader)
{
    yaml_parser_t *parser = &reader->parser;

    if (reader->has_event)
        yaml_event_delete(&reader->event);
    reader->has_event = yaml_parser_parse(parser, &reader->event) != 0;
    if (reader->has_event)
        return 0;
    return fail_at(reader,
                   parser->error == YAML_READER_ERROR ? &parser->mark : &parser->problem_mark,
                   parser->problem != NULL ? parser->problem : "cannot be read");
}

/* ---- scalars ------------------------------------------------------------------------------ */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

/* All of `text` as digits of the base, at least one. */
static bool are_digits(const char *text, int base)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    char allowed[sizeof(digits)];

    snprintf(allowed, sizeof(allowed), "%.*s", base == 16 ? 22 : base, digits);
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

/* A whole number by the core schema that fits: 0x1f, 0o17, -12. A new value or NULL. */
static json_t *number_of(const char *text)
{
    const int base = strncmp(text, "0x", 2) == 0 ? 16 : strncmp(text, "0o", 2) == 0 ? 8 : 10;
    const bool is_signed = base == 10 && (text[0] == '-' || text[0] == '+');
    const char *digits = text + (base != 10 ? 2 : is_signed ? 1 : 0);
    long long value;

    if (!are_digits(digits, base))
        return NULL;
    errno = 0;
    value = strtoll(digits, NULL, base);
    if (errno != 0)
        return NULL;
    return json_integer(text[0] == '-' ? -value : value);
}

static json_t *plain_scalar(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    json_t *number;

    if (is_one_of(text, nulls))
        return json_null();
    if (is_one_of(text, trues))
        return json_true();
    if (is_one_of(text, falses))
        return json_false();
    number = number_of(text);
    return number != NULL ? number : json_string(text);
}

/* The scalar's text, or NULL after saying what is wrong with it. */
static const char *text_of_scalar(struct reader *reader)
{
    const char *text = (const char *)reader->event.data.scalar.value;

    if (reader->event.data.scalar.anchor != NULL || reader->event.data.scalar.tag != NULL)
        fail(reader, NO_ANCHORS);
    else if (memchr(text, '\0', reader->event.data.scalar.length) != NULL)
        fail(reader, "a NUL is not taken");
    else
        return text;
    return NULL;
}

/* libyaml has checked that it is UTF-8. */
static int read_scalar(struct reader *reader, json_t **value)
{
    const char *text = text_of_scalar(reader);

    if (text == NULL)
        return -EINVAL;
    *value = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_scalar(text)
                                                                        : json_string(text);
    return *value != NULL ? 0 : fail(reader, "cannot be taken as text");
}

/* ---- what is made of others ---------------------------------------------------------------- */

/* One level of nesting: `key` is that of the value to come in a mapping. */
struct level {
    json_t *value; /* owned by the level above; the first by read_document */
    char *key;
};

static int put(struct reader *reader, struct level *level, json_t *value)
{
    if (json_is_array(level->value))
        return json_array_append_new(level->value, value) == 0 ? 0 : fail(reader, "no memory");
    json_object_set_new(level->value, level->key, value);
    free(level->key);
    level->key = NULL;
    return 0;
}

static int take_key(struct reader *reader, struct level *level)
{
    const char *text;

    if (reader->event.type != YAML_SCALAR_EVENT)
        return fail(reader, "a key is a plain text");
    text = text_of_scalar(reader);
    if (text == NULL)
        return -EINVAL;
    if (json_object_get(level->value, text) != NULL)
        return fail(reader, "this key is there already");
    level->key = strdup(text);
    return level->key != NULL ? 0 : fail(reader, "no memory");
}

/* The value that the event is or begins: a new one. */
static int begin_value(struct reader *reader, json_t **value)
{
    const yaml_event_t *event = &reader->event;

    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, value);
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL)
            return fail(reader, NO_ANCHORS);
        *value = json_array();
        return 0;
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL)
            return fail(reader, NO_ANCHORS);
        *value = json_object();
        return 0;
    default:
        return fail(reader, "aliases (*name) are not taken");
    }
}

static bool is_end(const yaml_event_t *event)
{
    return event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
}

/* One event within the levels; *depth moves with what it begins or ends. */
static int take_event(struct reader *reader, struct level levels[DEPTH_MAX], int *depth)
{
    struct level *level = &levels[*depth - 1];
    json_t *value;

    if (is_end(&reader->event)) {
        --*depth;
        return 0;
    }
    if (json_is_object(level->value) && level->key == NULL)
        return take_key(reader, level);
    if (begin_value(reader, &value) != 0)
        return -EINVAL;
    if (put(reader, level, value) != 0)
        return -EINVAL;
    if (!json_is_array(value) && !json_is_object(value))
        return 0;
    if (*depth == DEPTH_MAX)
        return fail(reader, "nested too deep");
    levels[(*depth)++] = (struct level){.value = value};
    return 0;
}

/* Reads the value that begins at the current event to its end. */
static int read_value(struct reader *reader, json_t **value)
{
    struct level levels[DEPTH_MAX];
    int depth = 0, error = begin_value(reader, value);

    if (error != 0)
        return error;
    if (json_is_array(*value) || json_is_object(*value))
        levels[depth++] = (struct level){.value = *value};
    while (error == 0 && depth > 0) {
        error = advance(reader);
        if (error == 0)
            error = take_event(reader, levels, &depth);
    }
    if (error == 0)
        return 0;
    while (depth > 0)
        free(levels[--depth].key);
    json_decref(*value);
    return error;
}

static int read_document(struct reader *reader, json_t **document)
{
    int error = advance(reader); /* the stream's begin */

    if (error == 0)
        error = advance(reader);
    if (error == 0 && reader->event.type != YAML_DOCUMENT_START_EVENT)
        return fail(reader, "there is nothing in it");
    if (error == 0)
        error = advance(reader);
    if (error == 0)
        error = read_value(reader, document);
    if (error != 0)
        return error;
    error = advance(reader); /* the document's end */
    if (error == 0)
        error = advance(reader);
    if (error == 0 && reader->event.type != YAML_STREAM_END_EVENT)
        error = fail(reader, "a second document begins here");
    if (error != 0)
        json_decref(*document);
    return error;
}

/* JSON as jansson reads it: there are texts, such as those with tabs or with surrogates in escapes,
 * that are JSON and that libyaml does not take. NULL: it is not. */
static json_t *parse_json(const char *text, size_t bytes)
{
    size_t blank = 0;

    while (blank < bytes && strchr(" \t\r\n", text[blank]) != NULL && text[blank] != '\0')
        blank++;
    if (blank == bytes || text[blank] != '{')
        return NULL;
    return json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
}

int rs_document_parse(const char *text, size_t bytes, json_t **document,
                      struct rs_document_error *error)
{
    struct reader reader = {.error = error};
    json_t *read = parse_json(text, bytes);
    int result;

    if (read != NULL) {
        *document = read;
        return 0;
    }
    if (yaml_parser_initialize(&reader.parser) == 0) {
        *error = (struct rs_document_error){1, 1, "no memory"};
        return -EINVAL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, bytes);
    result = read_document(&reader, &read);
    if (reader.has_event)
        yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    if (result == 0)
        *document = read;
    return result;
}
