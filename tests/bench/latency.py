# SPDX-License-Identifier: BSD-3-Clause
"""Added latency, in to out, at 10, 50 and 90 % of the rate that one worker carries."""

import statistics

import harness

SUITES, DIRECTIONS = ("0xF001", "0x0006", "0x0005"), ("seal", "open")
PARTS = ("p50", "p99", "p99.9")
GOAL_PERCENT, GOAL_US = 50, 50


def summarise(answers):
    """Medians over runs, but the longest of all, and sums of what disturbed."""
    row = {name: statistics.median(answer[name] for answer in answers) for name in ("rate", "ms")}
    row |= {name: sum(answer[name] for answer in answers) for name in ("gaps", "gaps_us", "switches", "skipped", "late")}
    row["longest_gap_us"] = max(answer["longest_gap_us"] for answer in answers)
    for name in ("all_us", "undisturbed_us"):
        times = [answer[name] for answer in answers if answer[name]["count"] > 0]
        if times:
            row[name] = {**{part: statistics.median(time[part] for time in times) for part in PARTS},
                         "best p99.9": min(time["p99.9"] for time in times), "max": max(time["max"] for time in times),
                         "count": sum(time["count"] for time in times)}
    return row


def run(options):
    found = {}
    for _ in range(options.rounds):
        for suite in SUITES:
            for direction in DIRECTIONS:
                for answer in harness.run("latency", "--suite", suite, "--direction", direction, "--ms",
                                          200 if options.quick else 1000):
                    found.setdefault((suite, direction, answer["percent"]), []).append(answer)
    return {"rounds": options.rounds, "rows": [
        {"suite": suite, "direction": direction, "percent": percent, **summarise(answers)}
        for (suite, direction, percent), answers in found.items()]}


def times_of(times):
    if times is None:
        return f"{'none':>44}"
    return "".join(f"{times[part]:9.1f}" for part in PARTS) + f"{times['best p99.9']:9.1f}{times['max']:9.1f}"


def show(result):
    print(f"us from port to port, packets of 500 bytes; medians of {result['rounds']} runs, with the best p99.9 and the longest"
          " of all; in the right half without the packets that waited while the worker was kept from its CPU")
    titles = "".join(f"{title:>9}" for title in (*PARTS, "best", "max"))
    print(f"{'':24}{'packets/s':>10}{titles}  |{titles}  kept from its CPU")
    for row in result["rows"]:
        print(f"{row['suite']} {row['direction']} at {row['percent']:>3} % {row['rate']:14.0f}{times_of(row.get('all_us'))}  |"
              f"{times_of(row.get('undisturbed_us'))}  {row['gaps']} times, {row['gaps_us'] / 1e3:.1f} ms of"
              f" {row['ms'] * result['rounds']:.0f}, at most {row['longest_gap_us'] / 1e3:.2f}; {row['switches']} switches")
    goal = [row for row in result["rows"] if row["percent"] == GOAL_PERCENT and "undisturbed_us" in row]
    missed = [row for row in goal if row["undisturbed_us"]["p99.9"] >= GOAL_US]
    print(f"to reach: p99.9 under {GOAL_US} us at {GOAL_PERCENT} % where the machine leaves the core alone:"
          f" {len(goal) - len(missed)} of {len(goal)} reached")


def draw(result, figure):
    """p50 and p99.9 of what was not disturbed, over the load."""
    axis = figure.subplots()
    for suite, direction in dict.fromkeys((row["suite"], row["direction"]) for row in result["rows"]):
        rows = [row for row in result["rows"]
                if (row["suite"], row["direction"]) == (suite, direction) and "undisturbed_us" in row]
        for part, style in (("p50", "-"), ("p99.9", ":")):
            axis.plot([row["percent"] for row in rows], [row["undisturbed_us"][part] for row in rows], style, marker="o",
                      label=f"{suite} {direction} {part}")
    axis.set_yscale("log")
    axis.set_xlabel("% of the rate without drops")
    axis.set_ylabel("us, undisturbed")
    axis.legend(fontsize=7)
