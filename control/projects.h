/* SPDX-License-Identifier: BSD-3-Clause */
/* The projects of application servers: their secrets, and which of them a token speaks for. Main
 * thread alone. */
#pragma once

#include <stdint.h>

#include "control/config.h"

struct rs_project;
struct rs_projects;

/*
 * Reads each project's secret into locked memory: from its file or, for a name without a slash,
 * from the systemd credential of that name. The configuration is borrowed. Blocks on files. Returns
 * NULL with errno set, after logging which secret cannot be had and why.
 */
struct rs_projects *rs_projects_create(const struct rs_http_config *config);
void rs_projects_destroy(struct rs_projects *projects);

enum {
    RS_TOKEN_SKEW_S = 30,      /* how far the clock of whoever made it may be off */
    RS_TOKEN_LIFETIME_S = 300, /* from "iat" to "exp", at most */
};

/*
 * Returns the project for which the token speaks at `now_s` (Unix time), or NULL: not a token, not
 * signed by the project's secret, not yet or no longer valid, valid for too long, or one for a
 * client's connection. Takes as long for a project that there is as for one that there is not.
 */
const struct rs_project *rs_projects_authenticate(const struct rs_projects *projects,
                                                  const char *token, int64_t now_s);

/* Borrowed. */
const char *rs_project_key(const struct rs_project *project);
enum rs_project_e2ee rs_project_policy(const struct rs_project *project);
