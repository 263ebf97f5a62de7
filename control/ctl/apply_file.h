/* SPDX-License-Identifier: BSD-3-Clause */
/* The file that says which sessions and streams there are to be. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* As the file and apply_add have them, in the order in which they are sent. */
enum rs_apply_kind { RS_APPLY_SESSIONS, RS_APPLY_STREAMS, RS_APPLY_KINDS };

/* "sessions" or "streams". */
const char *rs_apply_kind_name(enum rs_apply_kind kind);

struct rs_apply_file {
    json_t *document;
    json_t *lists[RS_APPLY_KINDS]; /* arrays of objects within it; NULL: none */
};

/*
 * Reads the file, YAML or JSON, at `path` ("-": standard input) and checks its form: an object with
 * "sessions" and "streams", each a list of objects that fit into a request, and no secret anywhere.
 * Returns 0, or an exit
 * code after saying what is wrong and where. The caller ends it with rs_apply_file_fini either way.
 */
int rs_apply_file_read(const char *path, struct rs_apply_file *file);
void rs_apply_file_fini(struct rs_apply_file *file);

size_t rs_apply_file_count(const struct rs_apply_file *file, enum rs_apply_kind kind);

/*
 * The next entries of a list that go into one request, a new array: from *next on, which moves
 * behind them. NULL at the end.
 */
json_t *rs_apply_file_chunk(const struct rs_apply_file *file, enum rs_apply_kind kind,
                            size_t *next);

/*
 * Makes of what an error blames in a request, such as "streams[3].flow.dst_port", what that is in
 * the file, where the request's entries began at `first`: a new string. NULL where it blames
 * nothing of the kind.
 */
char *rs_apply_file_place(enum rs_apply_kind kind, size_t first, const char *param);
