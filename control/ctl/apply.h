/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes the daemon's sessions and streams what a file says, all or nothing. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_apply;
