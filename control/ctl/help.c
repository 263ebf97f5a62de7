/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints help. What a daemon says of its methods is given to it; nothing is called here. */
#include "help.h"

#include <string.h>

#include "options.h"

enum { NAME_COLUMN = 28, OPTION_FORM_BYTES = 64 };

const char *rs_help_option_form(const char *name)
{
    static char form[OPTION_FORM_BYTES];
    const struct rs_option *option = rs_option_find(name);

    if (option == NULL)
        return NULL;
    snprintf(form, sizeof(form), "--%s%s%s", option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    return form;
}

static void print_options(const char *list)
{
    char name[RS_OPTION_NAME_MAX];
    bool required;

    while (rs_command_next_option(&list, name, &required))
        printf("  %-*s %s%s\n", NAME_COLUMN, rs_help_option_form(name), rs_option_find(name)->help,
               required ? " (required)" : "");
}

void rs_help_print_command(const struct rs_command *command)
{
    bool optional;
    const struct rs_word *word = rs_command_word(command, &optional);

    printf("usage: rtpsealctl ");
    rs_command_print_name(stdout, command);
    if (word != NULL)
        printf(optional ? " [%s]" : " %s", word->form);
    printf(" [OPTION...]\n\n%s\n\n", command->help);
    print_options(command->options);
    print_options(" socket json");
}

void rs_help_print_overview(void)
{
    puts("usage: rtpsealctl COMMAND [OPTION...]\n\nAsks a running rtpseald.\n");
    for (size_t i = 0; i < rs_command_count; i++) {
        const struct rs_command *command = &rs_commands[i];

        printf("  %-9s %-11s %s\n", command->noun, command->verb != NULL ? command->verb : "",
               command->help);
    }
    puts("");
    print_options(" socket json help version");
    puts("\nrtpsealctl COMMAND --help tells a command's options; secrets are read from a prompt,\n"
         "a file or standard input, never from the command line.\n\n"
         "exit codes:\n"
         "  0  done\n"
         "  1  the daemon refused; its reason is printed\n"
         "  2  the command line, or a file that was to be read, is wrong\n"
         "  3  no daemon answers on the socket, or the connection broke");
}

/* ---- what the daemon says ------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "-";
}

/* How the param is set on the command line: by the command's word, by options, or not at all. */
static void print_setters(const struct rs_command *command, const char *param)
{
    const struct rs_word *word = rs_command_word(command, NULL);
    const char *list = command->options, *between = "";
    char name[RS_OPTION_NAME_MAX];
    bool required;

    fputs("    set by    ", stdout);
    if (word != NULL && strcmp(word->name, param) == 0) {
        fputs(word->form, stdout);
        between = ", ";
    }
    while (rs_command_next_option(&list, name, &required)) {
        const struct rs_option *option = rs_option_find(name);

        if (option->param != NULL && strcmp(option->param, param) == 0) {
            printf("%s--%s", between, name);
            between = ", ";
        }
    }
    puts(between[0] == '\0' ? "rtpsealctl itself" : "");
}

static void print_param(const struct rs_command *command, const json_t *param)
{
    const bool required = json_is_true(json_object_get(param, "required"));

    printf("\n  %s (%s%s): %s\n", text_of(param, "name"), text_of(param, "type"),
           required ? ", required" : "", text_of(param, "help"));
    printf("    accepted  %s\n", text_of(param, "accepted"));
    print_setters(command, text_of(param, "name"));
}

void rs_help_print_method(const struct rs_command *command, const json_t *methods)
{
    size_t index, of_param;
    json_t *row, *param;

    json_array_foreach(json_object_get(methods, "methods"), index, row) {
        if (strcmp(text_of(row, "name"), command->method) != 0)
            continue;
        printf("\nThe daemon's method %s, for the role %s: %s\n", command->method,
               text_of(row, "role"), text_of(row, "help"));
        json_array_foreach(json_object_get(row, "params"), of_param, param)
            print_param(command, param);
    }
}
