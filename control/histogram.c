/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counting into bounds. What is counted, and how it is written out, is not here.
 */
#include "histogram.h"

#include <assert.h>

void rs_histogram_init(struct rs_histogram *histogram, const double *bounds, size_t bound_count)
{
    assert(bound_count <= RS_HISTOGRAM_BOUNDS_MAX);
    *histogram = (struct rs_histogram){.bounds = bounds, .bound_count = bound_count};
}

void rs_histogram_add(struct rs_histogram *histogram, double value)
{
    size_t bound = 0;

    while (bound < histogram->bound_count && value > histogram->bounds[bound])
        bound++;
    histogram->counts[bound]++;
    histogram->sum += value;
}

uint64_t rs_histogram_at_most(const struct rs_histogram *histogram, size_t bound)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= bound; i++)
        count += histogram->counts[i];
    return count;
}
