/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines in systemd's journal, with fields that can be asked for. Main thread. */
#pragma once

/* Where standard error is the journal's: lines go there with their priority, and each name=value in
 * them as a field besides (RTPSEAL_SESSION=…). Elsewhere nothing changes. */
void rs_journal_use(void);
