/* SPDX-License-Identifier: BSD-3-Clause */
/* Who asks through OpenTok's API. Main thread alone. */
#pragma once

#include "control/http_exchange.h"

struct rs_project;

/* The project that the token in X-OPENTOK-AUTH speaks for, borrowed; NULL: none. */
const struct rs_project *rs_opentok_authenticate(const struct rs_exchange *exchange);

/* Answers 403, in the same words whatever is wrong, and logs how many were. */
void rs_opentok_deny(struct rs_exchange *exchange);
