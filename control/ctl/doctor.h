/* SPDX-License-Identifier: BSD-3-Clause */
/* `rtpsealctl doctor`: what on this host stops the daemon or slows it, and what mends that. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_doctor;
