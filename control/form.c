/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One piece after the other: split, decode, check, compare. What a value means is not here.
 */
#include "form.h"

#include <string.h>

#include <jansson.h>

enum { PIECE_MAX = 8192 };

/* A name or a value, decoded. */
struct text {
    char bytes[PIECE_MAX + 1];
    size_t length;
};

static int fail(struct rs_error *error, const char *param, const char *what)
{
    return rs_error_set(error, RS_E_INVALID_PARAMS, param, "the form %s", what);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *found = lower != '\0' ? strchr(digits, lower) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

/* jansson takes well-formed UTF-8 alone. */
static bool is_utf8(const struct text *text)
{
    json_t *string = json_stringn(text->bytes, text->length);
    const bool valid = string != NULL;

    json_decref(string);
    return valid;
}

static bool has_control_character(const struct text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        const unsigned char c = (unsigned char)text->bytes[i];

        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

/* What is not printable ASCII has no business outside of percent-encoding. */
static int decode(const char *from, const char *end, struct text *text, struct rs_error *error)
{
    text->length = 0;
    for (; from < end; from++) {
        int c = (unsigned char)*from;

        if (c <= 0x20 || c >= 0x7f)
            return fail(error, NULL, "has a character that must be percent-encoded");
        if (c == '%') {
            const int high = end - from > 2 ? hex_digit(from[1]) : -1;
            const int low = high >= 0 ? hex_digit(from[2]) : -1;

            if (low < 0)
                return fail(error, NULL, "has a % without two hex digits");
            c = high << 4 | low;
            from += 2;
        } else if (c == '+') {
            c = ' ';
        }
        text->bytes[text->length++] = (char)c;
    }
    text->bytes[text->length] = '\0';
    if (has_control_character(text))
        return fail(error, NULL, "has a control character");
    return is_utf8(text) ? 0 : fail(error, NULL, "is not UTF-8");
}

static int take(const struct text *name, const struct text *value, struct rs_form_field *fields,
                size_t count, struct rs_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct rs_form_field *field = &fields[i];

        if (strcmp(field->name, name->bytes) != 0)
            continue;
        if (field->given)
            return fail(error, field->name, "has a field twice");
        if (value->length > RS_FORM_VALUE_MAX)
            return fail(error, field->name, "has a value that is too long");
        memcpy(field->value, value->bytes, value->length + 1);
        field->given = true;
    }
    return 0;
}

static int read_piece(const char *from, const char *end, struct rs_form_field *fields, size_t count,
                      struct rs_error *error)
{
    const char *equals = memchr(from, '=', (size_t)(end - from));
    struct text name, value;

    if (equals == NULL || equals == from)
        return fail(error, NULL, "has a field that is not NAME=VALUE");
    if (end - from > PIECE_MAX)
        return fail(error, NULL, "has a field that is too long");
    if (decode(from, equals, &name, error) != 0 || decode(equals + 1, end, &value, error) != 0)
        return -1;
    return take(&name, &value, fields, count, error);
}

int rs_form_read(const char *text, size_t bytes, struct rs_form_field *fields, size_t count,
                 struct rs_error *error)
{
    const char *const end = text + bytes;
    const char *separator;

    for (size_t i = 0; i < count; i++)
        fields[i].given = false;
    if (bytes == 0)
        return 0;
    while ((separator = memchr(text, '&', (size_t)(end - text))) != NULL) {
        if (read_piece(text, separator, fields, count, error) != 0)
            return -1;
        text = separator + 1;
    }
    return read_piece(text, end, fields, count, error);
}
