/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which words can follow, from the same tables that parse them, so that completion knows what the
 * program knows. No option that would have a secret as its value is ever offered.
 */
#include "complete.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "complete_ask.h"
#include "options.h"

enum { WORD_BYTES = 256 };

#define CODECS                                                                                     \
    "VP8 VP9 H264 H265 AV1 opus rtx PCMU PCMA G711 G722 CN telephone-event red ulpfec flexfec "    \
    "flexfec-03 other"

/* The command line up to its last word. */
struct line {
    char *const *all;
    int count;                       /* of all, without the last */
    const char *words[RS_WORDS_MAX]; /* those of them that are neither options nor their values */
    int word_count;
    const struct rs_option *pending; /* the option whose value the last word is, or NULL */
    const char *socket;
    const char *last;
};

/* ---- candidates --------------------------------------------------------------------------- */

/* Prints `prefix` and the candidate where together they begin as the last word does. */
static void offer(const char *last, const char *prefix, const char *candidate)
{
    char word[WORD_BYTES];

    if (snprintf(word, sizeof(word), "%s%s", prefix, candidate) < (int)sizeof(word) &&
        strncmp(word, last, strlen(last)) == 0)
        puts(word);
}

static void offer_words(const char *last, const char *prefix, const char *list)
{
    char word[WORD_BYTES];

    while (*list != '\0') {
        const size_t bytes = strcspn(list, " ");

        snprintf(word, sizeof(word), "%.*s", (int)bytes, list);
        offer(last, prefix, word);
        list += bytes + strspn(list + bytes, " ");
    }
}

static void offer_names(const char *last, const char *prefix, json_t *names)
{
    json_t *name;
    size_t index;

    json_array_foreach(names, index, name) {
        if (json_is_string(name))
            offer(last, prefix, json_string_value(name));
    }
    json_decref(names);
}

/* Copies the last word up to and with its last `separator`, "" where it has none. */
static const char *up_to(const char *last, char separator, char prefix[WORD_BYTES])
{
    const char *found = strrchr(last, separator);
    const int bytes = found != NULL ? (int)(found - last) + 1 : 0;

    snprintf(prefix, WORD_BYTES, "%.*s", bytes, last);
    return prefix;
}

/* What `completes` says, for a value that begins behind `prefix` of the last word. */
static void offer_values(const struct line *line, const char *prefix, const char *completes)
{
    char longer[WORD_BYTES];

    if (completes == NULL)
        return;
    if (completes[0] != '@') {
        offer_words(line->last, prefix, completes);
    } else if (strcmp(completes, "@file") == 0) {
        puts(":file");
    } else if (strcmp(completes, "@codec") == 0) {
        up_to(line->last, '=', longer);
        if (strlen(longer) > strlen(prefix)) /* "96=" */
            offer_words(line->last, longer, CODECS);
    } else if (strcmp(completes, "@event") == 0) {
        up_to(line->last, ',', longer);
        offer_names(line->last, strlen(longer) > strlen(prefix) ? longer : prefix,
                    rs_complete_ask(line->socket, completes + 1));
    } else {
        offer_names(line->last, prefix, rs_complete_ask(line->socket, completes + 1));
    }
}

/* ---- the line ------------------------------------------------------------------------------ */

/* The option that a word "--name" or "--name=..." names, or NULL. *value: what is behind the '='.
 */
static const struct rs_option *option_of(const char *word, const char **value)
{
    char name[RS_OPTION_NAME_MAX];
    const size_t bytes = strcspn(word, "=");

    *value = word[bytes] == '=' ? word + bytes + 1 : NULL;
    if (strcmp(word, "-f") == 0)
        return rs_option_find("file");
    if (strncmp(word, "--", 2) != 0 || bytes - 2 >= sizeof(name))
        return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)bytes - 2, word + 2);
    return rs_option_find(name);
}

static void take_word(struct line *line, const char *word)
{
    const char *value;
    const struct rs_option *option = option_of(word, &value), *pending = line->pending;

    line->pending = NULL;
    if (pending != NULL)
        value = word;
    else if (option != NULL && option->value != NULL && option->help != NULL && value == NULL)
        line->pending = option;
    else if (word[0] != '-' && line->word_count < RS_WORDS_MAX)
        line->words[line->word_count++] = word;
    if (pending != NULL)
        option = pending;
    if (option != NULL && option->role == RS_OPTION_SOCKET && value != NULL)
        line->socket = value;
}

static bool is_given(const struct line *line, const char *name)
{
    const char *value;

    for (int i = 0; i < line->count; i++) {
        const struct rs_option *option = option_of(line->all[i], &value);

        if (option != NULL && strcmp(option->name, name) == 0)
            return true;
    }
    return false;
}

/* ---- what can follow ----------------------------------------------------------------------- */

static void offer_options(const struct line *line, const char *list)
{
    char name[RS_OPTION_NAME_MAX];
    bool required;

    while (rs_command_next_option(&list, name, &required)) {
        if (!is_given(line, name) || strcmp(name, "pt") == 0)
            offer(line->last, "--", name);
    }
}

/* Nouns, or what can follow those that are there. */
static void offer_commands(const struct line *line)
{
    for (size_t i = 0; i < rs_command_count; i++) {
        const struct rs_command *command = &rs_commands[i];

        if (line->word_count == 0 &&
            (i == 0 || strcmp(command->noun, rs_commands[i - 1].noun) != 0))
            offer(line->last, "", command->noun);
        else if (line->word_count == 1 && command->verb != NULL &&
                 strcmp(command->noun, line->words[0]) == 0)
            offer(line->last, "", command->verb);
    }
}

static void offer_word(const struct line *line, const struct rs_command *command)
{
    const struct rs_word *word = rs_command_word(command, NULL);

    if (word != NULL && line->word_count == rs_command_words(command))
        offer_values(line, "", word->completes);
}

static void offer_value_of(const struct line *line)
{
    const char *value;
    const struct rs_option *option = option_of(line->last, &value);
    char prefix[WORD_BYTES];

    if (option == NULL || value == NULL)
        return;
    snprintf(prefix, sizeof(prefix), "%.*s", (int)(value - line->last), line->last);
    offer_values(line, prefix, option->completes);
}

void rs_complete(int count, char *const *words)
{
    struct line line = {.all = words, .count = count - 1, .socket = getenv("RTPSEAL_SOCKET")};
    const struct rs_command *command;

    if (count == 0)
        return;
    if (line.socket == NULL)
        line.socket = RS_DEFAULT_SOCKET;
    for (int i = 0; i < line.count; i++)
        take_word(&line, words[i]);
    line.last = words[line.count];
    command = rs_command_match(line.words, line.word_count);
    if (line.pending != NULL) {
        offer_values(&line, "", line.pending->completes);
    } else if (line.last[0] == '-' && strchr(line.last, '=') != NULL) {
        offer_value_of(&line);
    } else if (line.last[0] == '-') {
        offer_options(&line, command != NULL ? command->options : "");
        offer_options(&line, " socket json help version");
    } else {
        offer_commands(&line);
        if (command != NULL)
            offer_word(&line, command);
    }
}
