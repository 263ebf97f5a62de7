/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop behind the screen: keys, samples, signals, each drawn as it comes. */
#pragma once

#include <stdint.h>

#include "top_feed.h"
#include "top_model.h"

/*
 * Opens the screen, shows the model, and follows the feed until somebody quits or `count` samples
 * more have been shown (0: without end). Takes `sample`, the one that the model was filled from. A
 * signal that ends the process does so after the terminal is given back. Returns 0, or -ENOTTY
 * after saying that the terminal cannot be drawn on.
 */
int rs_top_screen_run(struct rs_top_feed *feed, struct rs_top_model *model,
                      struct rs_top_sample *sample, uint64_t count);
