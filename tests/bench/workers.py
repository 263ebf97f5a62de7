# SPDX-License-Identifier: BSD-3-Clause
"""What a second worker adds, and what the two share.

Both CPUs of a machine of two have a worker; the generator, which shares CPU 0, puts a round's packets into
the ports beforehand and sleeps while they are worked on."""

import statistics

import harness

SUITES, DIRECTIONS = ("0xF001", "0x0006", "0x0005"), ("seal", "open")
GOAL = 0.95


def run(options):
    found = {}
    for _ in range(options.rounds):
        for suite in SUITES:
            for direction in DIRECTIONS:
                answer, = harness.run("workers", "--suite", suite, "--direction", direction, "--ms",
                                      300 if options.quick else 1500)
                found.setdefault((suite, direction), []).append(answer)
    return {"rounds": options.rounds, "rows": [
        {"suite": suite, "direction": direction,
         **{name: statistics.median(answer[name] for answer in answers)
            for name in ("first", "second", "both", "efficiency")},
         "best": max(answer["efficiency"] for answer in answers)} for (suite, direction), answers in found.items()]}


def show(result):
    print("packets of 500 bytes a second, medians; efficiency is both together over the sum of each alone, round by round")
    for row in result["rows"]:
        print(f"{row['suite']} {row['direction']}  CPU 1 alone {row['first']:9.0f}  CPU 0 alone {row['second']:9.0f}  both"
              f" {row['both']:9.0f}  efficiency {row['efficiency']:.2f}, best {row['best']:.2f}"
              f"{'' if row['efficiency'] >= GOAL else f'  missed: {GOAL} is to reach'}")
    print("shared: the third level of cache, memory and, behind a cache of each worker, the pool of packet buffers; no lock,"
          " and no cache line that both write (tests/dataplane/test_layout.c)")
