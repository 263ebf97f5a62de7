/* SPDX-License-Identifier: BSD-3-Clause */
/* `rtpsealctl support-bundle`: all that helps somebody else to see what is wrong, in one document.
 */
#pragma once

#include "commands.h"

rs_run_fn rs_run_bundle;
