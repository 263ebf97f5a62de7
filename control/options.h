/* SPDX-License-Identifier: BSD-3-Clause */
/* From decoded parameters to what a session or a stream is asked to be. No state. */
#pragma once

#include "control/error.h"
#include "control/handlers.h"
#include "control/session.h"
#include "control/stream.h"

struct rs_config;

/* What is not given is the configuration's. Returns 0, or -1 with *error set. */
int rs_session_options_read(const struct rs_config *config, const struct rs_create_params *params,
                            struct rs_session_options *options, struct rs_error *error);

/* Into zeroed *options, which borrow from `params`. Returns 0, or -1 with *error set. */
int rs_stream_options_read(const struct rs_stream_params *params, struct rs_stream_options *options,
                           struct rs_error *error);
