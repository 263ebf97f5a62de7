/* SPDX-License-Identifier: BSD-3-Clause */
/* How often values were how large: counts by upper bounds that are fixed. One thread's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { RS_HISTOGRAM_BOUNDS_MAX = 14 };

/* Embedded in its owner. */
struct rs_histogram {
    const double *bounds; /* ascending; borrowed */
    size_t bound_count;
    uint64_t counts[RS_HISTOGRAM_BOUNDS_MAX + 1]; /* each within one bound; the last: above all */
    double sum;
};

/* `bounds` must last as long as the histogram; at most RS_HISTOGRAM_BOUNDS_MAX, ascending. */
void rs_histogram_init(struct rs_histogram *histogram, const double *bounds, size_t bound_count);

/* Counts one value, which is not negative, in the unit of the bounds. */
void rs_histogram_add(struct rs_histogram *histogram, double value);

/* How many were at most bounds[bound]; with `bound` as bound_count: all. */
uint64_t rs_histogram_at_most(const struct rs_histogram *histogram, size_t bound);
