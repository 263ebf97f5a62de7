/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel says of its interfaces, on which some ports lie. Cold; nothing here blocks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The MTU in bytes of the interface with this index; 0 where the kernel does not say. */
uint16_t rs_interface_mtu(unsigned int index);

/* Whether the interface is there, is meant to be up, and has a link. */
bool rs_interface_is_up(unsigned int index);
