/* SPDX-License-Identifier: BSD-3-Clause */
/* What application servers ask for as they would ask OpenTok's server: sessions, and what an
 * end-to-end encrypted session cannot have. Main thread alone. */
#pragma once

#include "control/http_exchange.h"

/* POST /session/create: a form -> [{"session_id", "project_id", "create_dt", "media_server_url"}].
 */
rs_exchange_fn rs_opentok_create;

/* Everything under /v2/project/: archives, broadcasts and the like, which are always refused. */
rs_exchange_fn rs_opentok_refuse;
