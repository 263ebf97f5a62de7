/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a secret comes from: a prompt, a file or standard input. Never the command line. */
#pragma once

enum rs_secret_source {
    RS_SECRET_PROMPT,   /* the terminal, without echo; asked for twice */
    RS_SECRET_STDIN,    /* the first line */
    RS_SECRET_FILE,     /* the first line of `path` */
    RS_SECRET_BASE_KEY, /* a base key, in hex: the first line of `path` */
};

/*
 * Reads a secret, without its newline. `path` is for the sources that name it. Says on standard
 * error what is wrong, and warns of a file that others can read. Returns it for rs_wipe_free, or
 * NULL.
 */
char *rs_secret_read(enum rs_secret_source source, const char *path);
