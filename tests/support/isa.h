/* SPDX-License-Identifier: BSD-3-Clause */
/* The implementations that IPsec-MB has for this CPU, each in its turn. */
#pragma once

#include "dataplane/cipher.h"

/* Calls `run` with an engine of each; one that the CPU lacks is a skip. */
void rs_test_on_each_isa(void (*run)(struct rs_cipher *cipher));
