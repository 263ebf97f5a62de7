/* SPDX-License-Identifier: BSD-3-Clause */
/* What all benchmark programs share: giving up, arguments, medians, results as lines of JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Says on standard error why there is no result, and exits with 1. */
void rs_bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The value behind `name` ("--ms") on the command line; NULL where it is not there. */
const char *rs_bench_option(int argc, char **argv, const char *name);
/* Whether that value is `value`. */
bool rs_bench_is(int argc, char **argv, const char *name, const char *value);
unsigned int rs_bench_number(int argc, char **argv, const char *name, unsigned int otherwise);

/* Sorts the values, at least one. The middle one, the lower of two; `part` 0 to 1 of them below. */
double rs_bench_median(double *values, size_t count);
double rs_bench_quantile(double *values, size_t count, double part);

/* What of repeated measurements counts, in cycles per packet. */
struct rs_figure {
    double median, best;
};

/* Sorts the values, at least one. */
struct rs_figure rs_figure_of(double *values, size_t count);

/* CLOCK_MONOTONIC. */
uint64_t rs_bench_now_ms(void);

/* The calling thread runs on this CPU alone from now on. */
void rs_bench_pin(unsigned int cpu);
