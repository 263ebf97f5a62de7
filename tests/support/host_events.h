/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host's observer hears, recorded; how to read it is in host.h. */
#pragma once

#include "tests/support/host.h"

/* The observer that records for `host`, of what `config` wants. */
const struct rs_observer *rs_host_events_observer(struct rs_host *host,
                                                  const struct rs_host_config *config);
