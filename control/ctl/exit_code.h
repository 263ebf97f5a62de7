/* SPDX-License-Identifier: BSD-3-Clause */
/* How rtpsealctl ends. Scripts rely on these: a number is never given a second meaning. */
#pragma once

enum rs_exit_code {
    RS_EXIT_OK = 0,
    RS_EXIT_REFUSED = 1,     /* the daemon said no; of doctor: something stops it */
    RS_EXIT_USAGE = 2,       /* the command line, or the secret's source, is wrong */
    RS_EXIT_UNREACHABLE = 3, /* no daemon answers on the socket, or the connection broke */
};
