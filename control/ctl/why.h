/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens to a packet of a flow, and why, in sentences. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_why;
