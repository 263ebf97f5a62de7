# SPDX-License-Identifier: BSD-3-Clause
"""Few packets at a time: cycles per packet and delay of bursts of 1 to 32, as they arrive.

On in-memory ports, each burst published when the one before has come out; beside it OpenSSL's EVP, to which
it is all the same how many packets there are."""

import statistics

import harness

FIGURES = ("cycles", "p50_us", "p99_us")


def run(options):
    found, evp = {}, {}
    with harness.programs({"evp": ("evp",)}) as started:
        for _ in range(options.rounds):
            for answer in harness.run("low_load", "--ms", max(options.ms // 3, 2)):
                cell = answer["suite"], answer["direction"], answer["bytes"]
                found.setdefault((*cell, answer["burst"]), []).append(answer)
            for suite, direction, payload in sorted({key[:3] for key in found}):
                asked = started["evp"].ask(f"{suite} {direction} {payload} {options.ms}")
                evp.setdefault((suite, direction, payload), []).append(asked["cycles"])
    rows = [{"suite": suite, "direction": direction, "bytes": payload, "burst": burst,
             **{figure: statistics.median(answer[figure] for answer in answers) for figure in FIGURES},
             "best": min(answer["best"] for answer in answers),
             "evp": statistics.median(evp[suite, direction, payload])}
            for (suite, direction, payload, burst), answers in found.items()]
    return {"rounds": options.rounds, "rows": rows}


def show(result):
    rows = {(row["suite"], row["direction"], row["bytes"], row["burst"]): row for row in result["rows"]}
    bursts = sorted({burst for *_, burst in rows})
    print(f"medians of {result['rounds']} rounds: cycles per packet, with the best in parentheses; delay in to out of a"
          " whole burst in us, p50/p99")
    print(f"{'burst of':18}" + "".join(f"{burst:>26}" for burst in bursts) + f"{'EVP, cycles':>13}")
    for suite, direction, payload in dict.fromkeys(key[:3] for key in rows):
        line = f"{suite} {direction} {payload:>5}"
        for burst in bursts:
            row = rows[suite, direction, payload, burst]
            cycles = f"{row['cycles']:.0f} ({row['best']:.0f})"
            line += f"{cycles:>16} {row['p50_us']:4.1f}/{row['p99_us']:<4.1f}"
        print(f"{line:18}{rows[suite, direction, payload, bursts[0]]['evp']:>13.0f}")


def draw(result, figure):
    """Cycles per packet over the size of a burst, at both sizes of payload."""
    sizes = sorted({row["bytes"] for row in result["rows"]})
    bursts = sorted({row["burst"] for row in result["rows"]})
    axes = figure.subplots(1, len(sizes))
    figure.set_size_inches(12, 5)
    for axis, size in zip(axes, sizes):
        for suite, direction in dict.fromkeys((row["suite"], row["direction"]) for row in result["rows"]):
            rows = [row for row in result["rows"]
                    if (row["suite"], row["direction"], row["bytes"]) == (suite, direction, size)]
            line, = axis.plot([row["burst"] for row in rows], [row["cycles"] for row in rows], marker="o",
                              label=f"{suite} {direction}")
            axis.axhline(rows[0]["evp"], color=line.get_color(), linestyle=":")
        axis.set_xscale("log", base=2)
        axis.set_xticks(bursts, bursts)
        axis.set_yscale("log")
        axis.set_title(f"{size} bytes; dotted: EVP alone")
        axis.set_xlabel("packets at a time")
        axis.set_ylabel("TSC cycles per packet")
        axis.legend(fontsize=8)
