/* SPDX-License-Identifier: BSD-3-Clause */
/* What all benchmark programs share, and nothing about packets. */
#include "tests/bench/bench.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void rs_bench_fail(const char *format, ...)
{
    va_list list;

    fflush(stdout);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}

const char *rs_bench_option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return NULL;
}

bool rs_bench_is(int argc, char **argv, const char *name, const char *value)
{
    const char *given = rs_bench_option(argc, argv, name);

    return given != NULL && strcmp(given, value) == 0;
}

unsigned int rs_bench_number(int argc, char **argv, const char *name, unsigned int otherwise)
{
    const char *text = rs_bench_option(argc, argv, name);
    char *end;
    unsigned long value;

    if (text == NULL)
        return otherwise;
    value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value > INT32_MAX)
        rs_bench_fail("%s: not a number: %s", name, text);
    return (unsigned int)value;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double rs_bench_quantile(double *values, size_t count, double part)
{
    qsort(values, count, sizeof(*values), compare);
    return values[(size_t)((double)(count - 1) * part)];
}

double rs_bench_median(double *values, size_t count)
{
    return rs_bench_quantile(values, count, 0.5);
}

struct rs_figure rs_figure_of(double *values, size_t count)
{
    const double median = rs_bench_median(values, count);

    return (struct rs_figure){.median = median, .best = values[0]};
}

uint64_t rs_bench_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void rs_bench_pin(unsigned int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        rs_bench_fail("cannot run on CPU %u alone", cpu);
}
