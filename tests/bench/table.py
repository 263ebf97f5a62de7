# SPDX-License-Identifier: BSD-3-Clause
"""The main table: cryptography alone, ports alone, rtpseal, and what one would have instead.

In cycles of the TSC per packet. All columns of a cell are measured right after one another, cell after
cell, in several rounds; what is compared is compared within a round, so that a machine that is slower
for a while is so for both."""

import statistics

import harness

SUITES = ("0xF001", "0x0006", "0x0005")
DIRECTIONS = ("seal", "open")
PAYLOADS = (160, 500, 1200, 0)
MIX = "VP8+Opus"
COLUMNS = {
    "raw": ("raw",),
    "io memory": ("path", "--port", "memory", "--worker", "io"),
    "rtpseal memory": ("path", "--port", "memory"),
    "io memif": ("path", "--port", "memif", "--worker", "io"),
    "rtpseal memif": ("path", "--port", "memif"),
    "evp": ("evp",),
    "srtp": ("srtp",),
    "checksum": ("path", "--port", "memory", "--checksum", "yes"),
    "window off": ("path", "--port", "memory", "--window", 0),
    "window on": ("path", "--port", "memory", "--window", 1024),
}
# Cells of the columns that are rows of their own.
SOME = {
    "checksum": lambda suite, direction: suite in ("0xF001", "0x0006"),
    "window off": lambda suite, direction: direction == "open",
    "window on": lambda suite, direction: direction == "open",
}
VISITS = 3  # to a cell in a round, short ones: what is compared should be close in time
# To reach: for all suites, both ways; efficiency by bytes of payload.
EFFICIENCY_GOALS = {160: 0.70, 1200: 0.85}
EVP_GOAL = 2.0


def efficiency(visit, port):
    return (visit["raw"][0] + visit[f"io {port}"][0]) / visit[f"rtpseal {port}"][0]


RATIOS = {
    "efficiency memory": lambda visit: efficiency(visit, "memory"),
    "efficiency memif": lambda visit: efficiency(visit, "memif"),
    "times evp": lambda visit: visit["evp"][0] / visit["rtpseal memory"][0],
}


def cells():
    return [(suite, direction, payload) for suite in SUITES for direction in DIRECTIONS for payload in PAYLOADS]


def visit(started, cell, ms, hows):
    """{column: (median, best)} of one cell, all measured within a fraction of a second."""
    suite, direction, payload = cell
    figures = {}
    for column, program in started.items():
        if column in SOME and not SOME[column](suite, direction):
            continue
        answer = program.ask(f"{suite} {direction} {payload} {ms}")
        figures[column] = answer["cycles"], answer["best"]
        if "how" in answer:
            hows.setdefault(column, []).append(answer["how"])
    return figures


def summarise(cell, visits, hows):
    """A row of the result: of each column the median and the best, of each ratio the median over rounds
    and that of the bests."""
    suite, direction, payload = cell
    columns = {column: {"median": statistics.median(figures[column][0] for figures in visits),
                        "best": min(figures[column][1] for figures in visits)} for column in visits[0]}
    bests = {column: (figure["best"],) for column, figure in columns.items()}
    for name, ratio in RATIOS.items():
        columns[name] = {"median": statistics.median(map(ratio, visits)), "best": ratio(bests)}
    return {"suite": suite, "direction": direction, "bytes": payload or MIX, "columns": columns,
            "how": {column: statistics.mode(seen) for column, seen in hows.items()}}


def run(options):
    rows = {column: row for column, row in COLUMNS.items() if harness.exists(row[0])}
    visits, hows = {cell: [] for cell in cells()}, {cell: {} for cell in cells()}
    with harness.programs(rows) as started:
        for _ in range(options.rounds):
            for cell in cells():
                visits[cell] += [visit(started, cell, options.ms, hows[cell]) for _ in range(VISITS)]
    return {"rounds": options.rounds, "ms": options.ms, "missing": sorted(set(COLUMNS) - set(rows)),
            "rows": [summarise(cell, visits[cell], hows[cell]) for cell in cells()]}


# ---- telling ----------------------------------------------------------------------------------

SHOWN = (("raw", "raw", ".0f"), ("io memory", "io mem", ".0f"), ("rtpseal memory", "rtpseal mem", ".0f"),
         ("efficiency memory", "eff. mem", ".2f"), ("io memif", "io memif", ".0f"),
         ("rtpseal memif", "rtpseal memif", ".0f"), ("efficiency memif", "eff. memif", ".2f"),
         ("evp", "EVP", ".0f"), ("times evp", "x EVP", ".2f"), ("srtp", "libsrtp2", ".0f"))


def name_of(row):
    return f"{row['suite']} {row['direction']} {row['bytes']:>8}"


def show_figures(rows, which):
    print(f"{which + ' of rounds':22}" + "".join(f"{title:>{len(title) + 2}}" for _, title, _ in SHOWN))
    for row in rows:
        figures = (format(row["columns"][column][which], form) if column in row["columns"] else "-"
                   for column, _, form in SHOWN)
        print(f"{name_of(row):22}" + "".join(f"{figure:>{len(title) + 2}}"
                                            for figure, (_, title, _) in zip(figures, SHOWN)))


def differences(rows, one, other):
    """(row, cycles, part) of what the column costs more than the other one."""
    for row in rows:
        if one in row["columns"]:
            with_it, without = row["columns"][one]["median"], row["columns"][other]["median"]
            yield row, with_it - without, with_it / without - 1


def show_costs(rows):
    print("what else costs, on the in-memory port")
    for what, one, other in (("UDP checksum over IPv4", "checksum", "rtpseal memory"),
                             ("replay window of 1024, one pass", "window on", "window off")):
        for row, cycles, part in differences(rows, one, other):
            print(f"  {what:32} {name_of(row)} {cycles:+6.0f} cycles {part:+6.1%}")


def goals(rows):
    """(row, what, value, goal) of everything to reach."""
    for row in rows:
        if row["bytes"] in EFFICIENCY_GOALS:
            yield row, "efficiency memif", EFFICIENCY_GOALS[row["bytes"]]
        yield row, "times evp", EVP_GOAL


def show_goals(rows):
    missed = [(row, what, goal) for row, what, goal in goals(rows) if row["columns"][what]["median"] < goal]
    total = len(list(goals(rows)))
    print(f"to reach: {total - len(missed)} of {total} reached")
    for row, what, goal in missed:
        figure = row["columns"][what]
        print(f"  missed: {name_of(row)} {what} {figure['median']:.2f}, best {figure['best']:.2f}, to reach {goal}")


def show(result):
    rows = result["rows"]
    print(f"cycles per packet: of {result['rounds']} rounds with {VISITS} visits of {result['ms']} ms each;"
          " efficiency is (raw + io) / rtpseal, x EVP that of EVP's calls alone / rtpseal on an in-memory port")
    for which in ("median", "best"):
        show_figures(rows, which)
    show_costs(rows)
    ways = sorted({(row["suite"], row["how"]["raw"]) for row in rows})
    print("raw at its best: " + "; ".join(f"{suite} {way}" for suite, way in ways))
    print("libsrtp2, where it is built with NSS as Debian's is, is 2 to 9 times slower than with OpenSSL: not what SRTP costs")
    if result["missing"]:
        print(f"not measured, since its library is not there: {', '.join(result['missing'])}")
    show_goals(rows)


def draw(result, figure):
    """Bars per cell, one picture per suite."""
    columns = ("raw", "io memif", "rtpseal memif", "rtpseal memory", "evp")
    axes = figure.subplots(1, len(SUITES))
    figure.set_size_inches(18, 6)
    for axis, suite in zip(axes, SUITES):
        rows = [row for row in result["rows"] if row["suite"] == suite]
        for n, column in enumerate(columns):
            axis.bar([place + n * 0.16 for place in range(len(rows))],
                     [row["columns"][column]["median"] for row in rows], 0.16, label=column)
        axis.set_xticks([place + 0.32 for place in range(len(rows))],
                        [f"{row['direction']}\n{row['bytes']}" for row in rows], fontsize=8)
        axis.set_title(suite)
        axis.set_ylabel("TSC cycles per packet")
        axis.legend(fontsize=8)
