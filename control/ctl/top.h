/* SPDX-License-Identifier: BSD-3-Clause */
/* `rtpsealctl top`: a running daemon, live. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_top;
