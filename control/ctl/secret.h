/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that send a secret. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_connect;
rs_run_fn rs_run_set_secret; /* and waits until it is done, as rekey.h says */
