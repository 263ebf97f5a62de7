# SPDX-License-Identifier: BSD-3-Clause
"""Packets a second that a running rtpseald seals and opens over memif, with dpdk-testpmd as generator.

testpmd waits where the daemon's ring is full, as memif has it, so the rate is what the daemon takes. No packet
was dropped where at least 99.5 % of what testpmd had was sent, all of that came out, and the daemon counted no
drop, `tx_full` among them. The part `rate` searches with a sender that does not wait."""

import collections
import statistics

import forward_lab
import harness
import rate_search

WINDOW_SECONDS = 0.4
MOST_ROUNDS = 3  # each takes a start of both programs for every cell
BUSY = 0.95  # of the worker's time: below that, testpmd was the slower one
QUICK_PAYLOADS = (500,)


class Cell:
    """All rounds of one suite, direction and size."""

    def __init__(self, suite, direction, payload_bytes):
        self.suite, self.direction, self.payload_bytes = suite, direction, payload_bytes
        self.windows, self.outcomes, self.dropped = [], [], collections.Counter()

    def measure(self, lab):
        recording = lab.recording(self.direction, self.suite, self.payload_bytes)
        outcome, dropped, windows = lab.outcome(self.direction, recording, WINDOW_SECONDS * forward_lab.WINDOWS)
        self.outcomes.append(outcome)
        self.windows += windows
        self.dropped.update(dropped)

    def row(self):
        rates, cycles, busy, taken = zip(*self.windows)
        requested, sent, received, _ = (sum(counts) for counts in zip(*self.outcomes))
        return {"what": "forward", "suite": forward_lab.suite_name(self.suite), "direction": self.direction,
                "bytes": self.payload_bytes, "packets_per_second": round(statistics.median(rates)),
                "best_packets_per_second": round(max(rates)),
                "payload_gbit_per_second": round(statistics.median(rates) * self.payload_bytes * 8 / 1e9, 2),
                "cycles": round(statistics.median(cycles), 1), "best": round(min(cycles), 1),
                "busy": round(statistics.median(busy), 3), "taken": round(statistics.mean(taken), 4),
                "limit": "worker" if statistics.median(busy) >= BUSY else "generator",
                "requested": requested, "sent": sent, "received": received, "dropped": self.dropped,
                "no_drop": all(rate_search.passes(outcome, 0) for outcome in self.outcomes)}


def cells(payloads):
    return [Cell(suite, direction, payload_bytes) for payload_bytes in payloads for suite in forward_lab.SUITES
            for direction in forward_lab.DIRECTIONS]


def run(options):
    measured = cells(QUICK_PAYLOADS if options.quick else forward_lab.PAYLOADS)
    rounds = min(options.rounds, MOST_ROUNDS)
    try:
        with forward_lab.laboratory() as lab:
            for _ in range(rounds):
                for cell in measured:
                    cell.measure(lab)
    except RuntimeError as error:
        raise harness.Failed(error) from error
    return {"rounds": rounds, "rows": [cell.row() for cell in measured]}


def show(result):
    print(f"median and best of {result['rounds'] * forward_lab.WINDOWS} times {WINDOW_SECONDS} s; busy: of the worker's"
          " time, in turns that found packets; taken: of its time, by others")
    print(f"{'suite':8}{'':6}{'bytes':>6}{'Mpps':>8}{'best':>8}{'Gbit/s':>8}{'cycles':>8}{'busy':>6}{'taken':>7}  limit"
          "      drops")
    for row in result["rows"]:
        drops = "none" if row["no_drop"] else f"{row['sent'] - row['received']} lost, counted {row['dropped'] or 'none'}"
        print(f"{row['suite']:8}{row['direction']:6}{row['bytes']:6}{row['packets_per_second'] / 1e6:8.2f}"
              f"{row['best_packets_per_second'] / 1e6:8.2f}{row['payload_gbit_per_second']:8.2f}{row['cycles']:8.0f}"
              f"{row['busy']:6.0%}{row['taken']:7.1%}  {row['limit']:9}  {drops}")


def draw(result, figure):
    """Bars per size, one picture per direction."""
    for axis, direction in zip(figure.subplots(1, len(forward_lab.DIRECTIONS)), forward_lab.DIRECTIONS):
        for n, suite in enumerate(map(forward_lab.suite_name, forward_lab.SUITES)):
            rows = [row for row in result["rows"] if (row["suite"], row["direction"]) == (suite, direction)]
            axis.bar([place + n * 0.27 for place in range(len(rows))],
                     [row["packets_per_second"] / 1e6 for row in rows], 0.27, label=suite)
            axis.set_xticks([place + 0.27 for place in range(len(rows))], [str(row["bytes"]) for row in rows])
        axis.set_title(direction)
        axis.set_xlabel("bytes of payload")
        axis.set_ylabel("million packets a second")
        axis.legend(fontsize=8)
