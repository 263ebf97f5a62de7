/* SPDX-License-Identifier: BSD-3-Clause */
/* Completion of a command line, for shells: `rtpsealctl --complete WORD...`. */
#pragma once

/*
 * Prints what the last of the words can become, one candidate a line; the words before it are those
 * of the command line behind the program's name. Names of sessions, streams and the like are asked
 * of the daemon, briefly. A line ":file" instead: the shell completes a file's name. Never fails,
 * and says nothing on standard error.
 */
void rs_complete(int count, char *const *words);
